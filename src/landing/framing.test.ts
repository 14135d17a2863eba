import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { Frame, FrameResult } from './frame.ts';
import { frameRegistry, frames, isTrailObject } from './framing.ts';

const sha256 = (text: string | Buffer): string => createHash('sha256').update(text).digest('hex');
const framed = (text: string, origin = 'file.json'): FrameResult[] => [...frames(Buffer.from(text), origin)];
const record = (result: FrameResult | undefined): Frame => {
  if (result?.kind !== 'record') throw new Error(`expected a record, found ${JSON.stringify(result)}`);
  return result;
};
const only = (results: FrameResult[]): Frame => {
  expect(results).toHaveLength(1);
  return record(results[0]);
};
const kinds = (results: FrameResult[]): string[] => results.map((result) => `${result.recordNumber} ${result.kind} ${result.form}`);

const event = (id: number): string =>
  `{"eventVersion":"1.08","eventID":"e-${id}","eventTime":"2026-01-15T09:00:00Z","eventSource":"ecs.amazonaws.com","eventName":"RunTask","resources":[{"ARN":"x"}]}`;
const signIn = '{"id":"6f9619ff-8b86-d011-b42d-00c04fc964ff","createdDateTime":"2026-01-15T09:00:00Z","appId":"a","userId":"u","isInteractive":true}';
const audit = '{"id":"Directory_1","activityDateTime":"2026-01-15T09:00:00Z","activityDisplayName":"Disable account","initiatedBy":{}}';
const taskEvent =
  '{"version":"0","id":"t-1","detail-type":"ECS Task State Change","source":"aws.ecs","account":"111122223333","time":"2026-01-15T09:00:00Z","region":"eu-west-1","detail":{"taskArn":"arn"}}';

describe('CloudTrail', () => {
  it('cuts a trail object into its elements, byte for byte', () => {
    const text = `{ "Records" : [${event(1)},\n  ${event(2)} ]}\n`;
    const results = framed(text);
    expect(kinds(results)).toEqual(['1 record cloudtrail_object', '2 record cloudtrail_object']);
    expect(record(results[1]).bytes.toString()).toBe(event(2));
    expect(record(results[1]).sha256).toBe(sha256(event(2)));
  });

  it('takes an empty trail object for what it is', () => {
    expect(framed('{"Records":[]}')).toEqual([]);
  });

  it('reads the account out of the object path, organisations too', () => {
    const account = (origin: string): string | undefined => only(framed(`{"Records":[${event(1)}]}`, origin)).envelope.accountId;
    expect(account('prefix/AWSLogs/111122223333/CloudTrail/eu-west-1/2026/01/15/x.json.gz')).toBe('111122223333');
    expect(account('AWSLogs/o-abc123/444455556666/CloudTrail/eu-west-1/x.json.gz')).toBe('444455556666');
    expect(account('C:\\logs\\111122223333_CloudTrail_eu-west-1_20260115T0900Z_abc.json.gz')).toBe('111122223333');
    expect(account('AWSLogs/not-an-account/CloudTrail/x.json')).toBeUndefined();
  });

  it('reads one trail object a line, JSON lines, and bare arrays', () => {
    const object = `{"Records":[${event(1)},${event(2)}]}`;
    expect(kinds(framed(`${object}\n${object}\n`))).toHaveLength(4);
    expect(kinds(framed(`${event(1)}\r\n\r\n${event(2)}`))).toEqual(['1 record cloudtrail_lines', '2 record cloudtrail_lines']);
    expect(kinds(framed(`[${event(1)},${event(2)}]`))).toEqual(['1 record cloudtrail_lines', '2 record cloudtrail_lines']);
    expect(kinds(framed(`${event(1)}${event(2)}`))).toHaveLength(2);
    expect(kinds(framed(JSON.stringify(JSON.parse(event(1)), null, 2)))).toEqual(['1 record cloudtrail_lines']);
  });

  it('decodes LookupEvents output: pages, single items, and a bare list of CloudTrailEvent strings', () => {
    const item = JSON.stringify({ EventId: 'e-1', EventName: 'RunTask', ReadOnly: 'false', CloudTrailEvent: event(1) });
    for (const text of [`{"$metadata":{"x":[1]},"Events":[${item}],"NextToken":"n"}`, item, `[${item}]`, `[${JSON.stringify(event(1))}]`, JSON.stringify(event(1))]) {
      const frame = only(framed(text));
      expect(frame.form).toBe('cloudtrail_lookup');
      expect(frame.bytes.toString()).toBe(event(1));
      expect(frame.sha256).toBe(sha256(event(1)));
    }
  });

  it('decodes CloudWatch Logs events: pages, single ones, subscriptions', () => {
    const logEvent = JSON.stringify({ logStreamName: '111122223333_CloudTrail_eu-west-1_2', timestamp: 1, message: event(1), ingestionTime: 2, eventId: '3' });
    const subscribed = JSON.stringify({ messageType: 'DATA_MESSAGE', owner: '111122223333', logEvents: [{ id: '3', timestamp: 1, message: event(1) }] });
    for (const text of [`{"events":[${logEvent}],"searchedLogStreams":[]}`, `{"searchedLogStreams":[],"nextToken":"n","events":[${logEvent}]}`, logEvent, subscribed]) {
      const frame = only(framed(text));
      expect(frame.form).toBe('cloudtrail_logs');
      expect(frame.bytes.toString()).toBe(event(1));
    }
    expect(only(framed(logEvent)).envelope.accountId).toBe('111122223333');
    expect(framed('{"events":[],"nextToken":"n"}')).toEqual([]);
    expect(framed(`{"events":[{"timestamp":1,"message":"plain text"}]}`)[0]).toMatchObject({ kind: 'reject', reason: expect.stringContaining('unknown_form') as string });
  });

  it('takes the bytes of detail out of an envelope via CloudTrail', () => {
    const detail = event(1).replace('{', '{ ');
    const text = `{"version":"0","id":"b-1","detail-type":"AWS API Call via CloudTrail","source":"aws.ecs","account":"111122223333","region":"eu-west-1","detail":{"x":1}, "detail": ${detail} }`;
    const frame = only(framed(text));
    expect(frame.form).toBe('cloudtrail_eventbridge');
    expect(frame.bytes.toString()).toBe(detail);
    expect(frame.envelope).toMatchObject({ accountId: '111122223333', id: 'b-1', region: 'eu-west-1' });
  });

  it('sets Insights and digests aside', () => {
    const insight = '{"eventVersion":"1.07","eventID":"i","eventTime":"2026-01-15T09:00:00Z","awsRegion":"x","eventCategory":"Insight","insightDetails":{}}';
    const digest = '{"awsAccountId":"111122223333","digestStartTime":"2026-01-15T09:00:00Z","digestEndTime":"2026-01-15T10:00:00Z","logFiles":[]}';
    expect(kinds(framed(`{"Records":[${insight},${event(1)}]}`))).toEqual(['1 set_aside cloudtrail_insight', '2 record cloudtrail_object']);
    expect(kinds(framed(`${digest}\n${insight}`))).toEqual(['1 set_aside cloudtrail_digest', '2 set_aside cloudtrail_insight']);
  });
});

describe('ECS events', () => {
  it('keeps the whole envelope, which holds the id and the time', () => {
    const frame = only(framed(taskEvent));
    expect(frame).toMatchObject({ form: 'ecs_events', envelope: { accountId: '111122223333', id: 't-1', detailType: 'ECS Task State Change' } });
    expect(frame.bytes.toString()).toBe(taskEvent);
    expect(frame.envelope.carrier).toBeUndefined();
  });

  it('notes where CloudWatch Logs carried it', () => {
    const frame = only(framed(JSON.stringify({ timestamp: 1, message: taskEvent })));
    expect(frame).toMatchObject({ form: 'ecs_events', envelope: { carrier: 'logs' } });
    expect(frame.bytes.toString()).toBe(taskEvent);
  });

  it('rejects other EventBridge events and says which they are', () => {
    expect(framed(taskEvent.replace('aws.ecs', 'aws.batch'))[0]).toMatchObject({
      kind: 'reject',
      reason: 'unknown_form: line 1: EventBridge event "ECS Task State Change" of "aws.batch": only events of aws.ecs and calls via CloudTrail are read',
    });
  });
});

describe('Entra', () => {
  it('tells Graph sign-ins and audits apart by content: pages, lines, single objects', () => {
    expect(kinds(framed(`{"@odata.context":"https://example.com/$metadata","value":[${signIn},${audit}]}`))).toEqual([
      '1 record graph_sign_ins', '2 record graph_directory_audits']);
    expect(kinds(framed(`{"value":[${signIn}]}`))).toEqual(['1 record graph_sign_ins']);
    expect(kinds(framed(`${signIn}\n${audit}\n`))).toEqual(['1 record graph_sign_ins', '2 record graph_directory_audits']);
    const frame = only(framed(` ${signIn}`));
    expect(frame.bytes.toString()).toBe(signIn);
  });

  it('reads diagnostic lines, single and in batches, also lower-cased, and names their category and tenant', () => {
    const line = `{"time":"t","category":"NonInteractiveUserSignInLogs","tenantId":"ten","properties":${signIn}}`;
    const frame = only(framed(line));
    expect(frame).toMatchObject({ form: 'diagnostic_sign_ins', envelope: { table: 'NonInteractiveUserSignInLogs', tenantId: 'ten' } });
    expect(frame.bytes.toString()).toBe(line);
    expect(kinds(framed(`{"records":[${line},${line.replace('NonInteractiveUserSignInLogs', 'AuditLogs')}]}`))).toEqual([
      '1 record diagnostic_sign_ins', '2 record diagnostic_directory_audits']);
    expect(kinds(framed(`[{"records":[${line}]},{"records":[${line}]}]`))).toHaveLength(2);
    expect(only(framed(line.replace('tenantId', 'tenantid'))).envelope.tenantId).toBe('ten');
    expect(framed(line.replace('NonInteractiveUserSignInLogs', 'RiskyUsers'))[0]).toMatchObject({ kind: 'reject', reason: expect.stringContaining('"RiskyUsers"') as string });
  });

  const row = { TenantId: 'w', Id: 'i', CreatedDateTime: '2026-01-15T09:00:00Z', AppId: 'a', UserId: 'u', ResultType: '0', Type: 'SigninLogs' };

  it('reads Log Analytics rows: lines, arrays, and tables as objects by column', () => {
    expect(only(framed(JSON.stringify(row)))).toMatchObject({ form: 'log_analytics_sign_ins', envelope: { table: 'SigninLogs' } });
    expect(kinds(framed(JSON.stringify([row, { ...row, Type: 'AuditLogs' }])))).toEqual(['1 record log_analytics_sign_ins', '2 record log_analytics_directory_audits']);
    const columns = Object.keys(row).map((name) => ({ name, type: 'string' }));
    const values = JSON.stringify(Object.values(row));
    const results = framed(`{"tables":[{"name":"PrimaryResult","columns":${JSON.stringify(columns)},"rows":[${values}, ["short"]]}]}`);
    expect(kinds(results)).toEqual(['1 record log_analytics_sign_ins', '2 reject log_analytics_sign_ins']);
    expect(record(results[0]).bytes.toString()).toBe(values);
    expect(record(results[0]).sha256).toBe(sha256(values));
    expect(JSON.parse(String(record(results[0]).stagingJson))).toEqual(row);
    expect(kinds(framed(`{"tables":[{"rows":[${values}],"columns":${JSON.stringify(columns)}}]}`))).toEqual(['1 record log_analytics_sign_ins']);
    expect(kinds(framed('{"tables":[{"rows":[[1]]},{"columns":[],"rows":[]},{"columns":[{"name":"a"}],"rows":[[1],7]}]}'))).toEqual([
      '1 reject unknown', '2 reject unknown', '3 reject unknown']);
  });

  it('reads their CSV exports, with the heading’s time zone, quotes and line breaks', () => {
    const csv = 'TenantId,Id,CreatedDateTime [UTC],AppId,UserId,Status,Type\r\n'
      + 'w,i,"1/15/2026, 9:00:00.000 AM",a,u,"{""errorCode"":0,\r\n""x"":1}",SigninLogs\r\n\r\nw,i,short\r\n';
    const results = framed(csv);
    expect(kinds(results)).toEqual(['1 record log_analytics_sign_ins', '2 reject log_analytics_sign_ins']);
    expect(results[1]).toMatchObject({ reason: 'line 5: expected 7 fields, as the heading has, found 3' });
    const first = record(results[0]);
    expect(JSON.parse(String(first.stagingJson))).toMatchObject({ CreatedDateTime: '1/15/2026, 9:00:00.000 AM', Status: '{"errorCode":0,\r\n"x":1}' });
    expect(first.bytes.toString()).toBe('w,i,"1/15/2026, 9:00:00.000 AM",a,u,"{""errorCode"":0,\r\n""x"":1}",SigninLogs');
    expect(first.envelope.table).toBe('SigninLogs');
    expect(kinds(framed(`\ufeff"Id";"CreatedDateTime";"AppId";"UserId"\n1;2;3;4\n`))).toEqual(['1 record log_analytics_sign_ins']);
  });

  it('does not guess at times that are exported in another zone', () => {
    expect(framed('Id,CreatedDateTime [Local Time],AppId,UserId\n1,2,3,4\n')).toEqual([
      { kind: 'reject', form: 'unknown', recordNumber: 1, reason: 'times are exported in "Local Time", where UTC is expected: set the portal\'s time zone to UTC and export again' },
    ]);
  });
});

describe('the identity registry', () => {
  const heading = 'issuer,Audience,subject,tenant_id,object_id,name,kind';
  it('is read only when asked for', () => {
    const csv = `${heading}\nhttps://sts.windows.net/t/,a,s,t,o,Ada,person\n`;
    expect(framed(csv)[0]).toMatchObject({ kind: 'reject', reason: expect.stringContaining('unknown_form') as string });
    const [entry] = [...frameRegistry(Buffer.from(csv), 'registry.csv')];
    expect(entry).toMatchObject({ kind: 'record', form: 'identity_registry' });
    expect(JSON.parse(String(record(entry).stagingJson))).toMatchObject({ audience: 'a', kind: 'person' });
  });

  it('comes as JSON too', () => {
    const entry = '{"issuer":"i","audience":"a","subject":"s","tenant_id":"t","object_id":"o"}';
    for (const text of [entry, `[${entry}]`, `${entry}\n`]) expect(kinds([...frameRegistry(Buffer.from(text), 'r')])).toEqual(['1 record identity_registry']);
  });
});

describe('isTrailObject', () => {
  it('looks at the first bytes alone', () => {
    expect(isTrailObject(Buffer.from('\ufeff {\n"Records" :\t[ broken'))).toBe(true);
    for (const text of ['', '{"records":[', '[{"Records":[', '{"a":1,"Records":[', event(1)]) expect(isTrailObject(Buffer.from(text)), text).toBe(false);
  });
});
