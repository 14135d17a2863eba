/**
 * The forms that only live sources bring: tasks as ECS describes them, and lines of applications' logs.
 */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Database, SqlRow } from '../src/engine/database.ts';
import { frames } from '../src/landing/framing.ts';
import { logsOrigin, type LogsHolds } from '../src/landing/logs-origin.ts';
import { landStep } from '../src/pipeline/land-step.ts';
import { stage } from '../src/pipeline/stage.ts';
import { openWriter, type Writer } from '../src/store/writer.ts';
import { addFrames, framedDatabase, stagedRows, stagingSql } from './framed-relation.ts';

const ACCOUNT = '111122223333';
const TASK = 'c13b4cb40f1f4fe4a2971f76ae5a47ad';
const ARN = `arn:aws:ecs:eu-west-1:${ACCOUNT}:task/jobs/${TASK}`;
const EXPIRED = 'botocore: An error occurred (ExpiredTokenException) when calling AssumeRoleWithWebIdentity: Token expired: current date/time 1768471200 must be before the expiration date/time 1768470900';

/** As ECS's JSON has it: times as Java writes doubles. */
const DESCRIBED = `{"failures":[],"tasks":[{"attachments":[{"details":[{"name":"privateIPv4Address","value":"10.0.0.9"}]}],"clusterArn":"arn:aws:ecs:eu-west-1:${ACCOUNT}:cluster/jobs","containers":[{"networkInterfaces":[{"privateIpv4Address":"10.0.0.9"}]}],"createdAt":1.768467540402E9,"desiredStatus":"RUNNING","group":"family:job","lastStatus":"RUNNING","launchType":"FARGATE","startedAt":1768467570.5,"startedBy":"alice","taskArn":"${ARN}","taskDefinitionArn":"arn:aws:ecs:eu-west-1:${ACCOUNT}:task-definition/job:1","version":4}]}`;

function stateChange(version: number): string {
  return JSON.stringify({
    id: `event-${version}`, 'detail-type': 'ECS Task State Change', source: 'aws.ecs', account: ACCOUNT, time: '2026-01-15T09:00:00Z', region: 'eu-west-1',
    detail: { taskArn: ARN, clusterArn: `arn:aws:ecs:eu-west-1:${ACCOUNT}:cluster/jobs`, taskDefinitionArn: 'd', version, lastStatus: 'RUNNING' },
  });
}

const logPage = (messages: readonly string[], more: object = {}): string =>
  JSON.stringify({
    events: messages.map((message, n) => ({ logStreamName: `nightly/app/${TASK}`, timestamp: 1768471200123 + n, message, ingestionTime: 1768471201000, eventId: `3923${n}`, ...more })),
    nextToken: 'opaque',
  });

const originOf = (holds: LogsHolds, accountId: string | undefined = ACCOUNT): string =>
  logsOrigin({ region: 'eu-west-1', accountId, group: '/ecs/nightly', holds, from: new Date('2026-01-15T10:00:00Z'), to: new Date('2026-01-15T11:00:00Z') });

let database: Database;
beforeEach(async () => {
  database = await framedDatabase();
});
afterEach(() => {
  database.close();
});

async function rows(file: 'described_tasks' | 'application_logs', content: string, origin = 'file'): Promise<SqlRow[]> {
  await database.run('delete from framed');
  await addFrames(database, frames(Buffer.from(content), origin), 1);
  return await stagedRows(database, file);
}

describe('described tasks', () => {
  test('every field, times as Java writes them, and the latest of them as its time', async () => {
    expect(await rows('described_tasks', DESCRIBED)).toMatchObject([
      {
        account_id: ACCOUNT, event_id: `describe:${ARN}:4`, event_at: '2026-01-15T08:59:30.500Z', task_key: `${ACCOUNT}/${TASK}`, task_arn: ARN, task_version: 4,
        last_status: 'RUNNING', launch_type: 'FARGATE', started_by: 'alice', task_group: 'family:job', created_at: '2026-01-15T08:59:00.402Z',
        started_at: '2026-01-15T08:59:30.500Z', stopped_at: null, private_addresses: ['10.0.0.9'], aws_region: 'eu-west-1', source_rank: 4, reject_reason: null,
      },
    ]);
  });

  test('what the AWS CLI prints of it, with RFC 3339 times', async () => {
    const printed = DESCRIBED.replace('1.768467540402E9', '"2026-01-15T09:59:00.402000+01:00"').replace('1768467570.5', '"2026-01-15T09:59:30.500000+01:00"');
    expect(await rows('described_tasks', printed)).toMatchObject([{ created_at: '2026-01-15T08:59:00.402Z', started_at: '2026-01-15T08:59:30.500Z', reject_reason: null }]);
  });

  test('rejects what was there and is not what it should be', async () => {
    const reason = async (from: string, to: string): Promise<unknown> => (await rows('described_tasks', DESCRIBED.replace(from, to)))[0]?.['reject_reason'];
    expect(await reason('1768467570.5', '"soon"')).toBe('field startedAt: expected a time, found "soon"');
    expect(await reason('1768467570.5', '1e300')).toBe('field startedAt: expected a time, found "1e+300"');
    expect(await reason('1768467570.5', '-4')).toBe('field startedAt: expected a time, found "-4"');
    expect(await reason('"version":4', '"version":"four"')).toBe('field version: expected a whole number, found "four"');
    expect(await reason(`"taskArn":"${ARN}"`, '"taskArn":"arn:aws:ecs:x:y:service/z"')).toBe('field taskArn: expected the ARN of a task, found "arn:aws:ecs:x:y:service/z"');
    expect(await reason('"createdAt":1.768467540402E9,', '')).toBeNull();
    const timeless = DESCRIBED.replace('"createdAt":1.768467540402E9,', '').replace('"startedAt":1768467570.5,', '');
    expect((await rows('described_tasks', timeless))[0]?.['reject_reason']).toBe('field createdAt: expected a time, found none');
  });

  test('no answer, no record; a described task within a log line is none', () => {
    expect([...frames(Buffer.from('{"failures":[{"arn":"x","reason":"MISSING"}],"tasks":[]}'), 'file')]).toEqual([]);
    const [task] = (JSON.parse(DESCRIBED) as { tasks: object[] }).tasks;
    const [forged] = frames(Buffer.from(logPage([JSON.stringify(task)])), originOf('ecs_events'));
    expect(forged).toMatchObject({ kind: 'reject', reason: expect.stringContaining('a described task within another record') as string });
  });
});

describe('application logs', () => {
  test('when the token ended and when STS looked, and the task of the stream', async () => {
    expect(await rows('application_logs', logPage([EXPIRED]), originOf('application'))).toEqual([
      expect.objectContaining({
        account_id: ACCOUNT, event_id: '39230', event_at: '2026-01-15T10:00:00.123Z', kind: 'expired_token', expired_at: '2026-01-15T09:55:00Z',
        checked_at: '2026-01-15T10:00:00Z', log_group: '/ecs/nightly', log_stream: `nightly/app/${TASK}`, task_key: `${ACCOUNT}/${TASK}`, reject_reason: null,
      }),
    ]);
  });

  test('from a file: neither group nor account, and so no task', async () => {
    expect(await rows('application_logs', logPage([EXPIRED]))).toMatchObject([{ account_id: null, log_group: null, task_key: null, reject_reason: null }]);
    expect(await rows('application_logs', logPage([EXPIRED], { logStreamName: 'a-docker-id' }), originOf('application'))).toMatchObject([{ task_key: null }]);
  });

  test('JSON lines of a program that hold the words', async () => {
    const line = JSON.stringify({ level: 'error', error: EXPIRED });
    expect(await rows('application_logs', logPage([line]))).toMatchObject([{ expired_at: '2026-01-15T09:55:00Z' }]);
  });

  test('other lines of an application are set aside, in files rejected as before; half of the words are no words', () => {
    const kinds = (content: string, origin: string): unknown[] => [...frames(Buffer.from(content), origin)].map((frame) => [frame.kind, frame.form]);
    const lines = ['all is well', '{"level":"info"}', 'Token expired: current date/time soon must be before the expiration date/time 1768470900', '{"level":'];
    expect(kinds(logPage(lines), originOf('application'))).toEqual(lines.map(() => ['set_aside', 'application_log']));
    expect(kinds(logPage(lines), 'file')).toEqual(lines.map(() => ['reject', 'unknown']));
  });

  test('a program that logs a CloudTrail record or an ECS event makes none by it', () => {
    const record = { eventVersion: '1.11', eventID: 'forged', eventTime: '2026-01-15T09:00:00Z', eventSource: 'sts.amazonaws.com', eventName: 'AssumeRole', recipientAccountId: ACCOUNT, errorMessage: EXPIRED };
    const page = logPage([JSON.stringify(record), stateChange(3)]);
    expect([...frames(Buffer.from(page), originOf('cloudtrail'))].map((frame) => frame.form)).toEqual(['cloudtrail_logs', 'ecs_events']);
    expect([...frames(Buffer.from(page), originOf('ecs_events'))].map((frame) => [frame.kind, frame.form])).toEqual([['reject', 'unknown'], ['record', 'ecs_events']]);
    expect([...frames(Buffer.from(page), originOf('application'))].map((frame) => [frame.kind, frame.form])).toEqual([['record', 'application_log'], ['set_aside', 'application_log']]);
  });

  test('an event that somebody put on a bus is no call via CloudTrail, whatever it says', () => {
    const detail = { eventVersion: '1.11', eventID: 'x', eventTime: '2026-01-15T09:00:00Z', eventSource: 'ecs.amazonaws.com', eventName: 'RunTask' };
    const envelope = (source: string): string => JSON.stringify({ id: 'e', 'detail-type': 'AWS API Call via CloudTrail', source, account: ACCOUNT, time: '2026-01-15T09:00:00Z', region: 'eu-west-1', detail });
    expect([...frames(Buffer.from(envelope('aws.ecs')), 'f')].map(({ form }) => form)).toEqual(['cloudtrail_eventbridge']);
    expect([...frames(Buffer.from(envelope('my.app')), 'f')]).toMatchObject([{ kind: 'reject', reason: expect.stringContaining('"my.app"') as string }]);
  });

  test('rejects what has no id or time', async () => {
    const reason = async (more: object): Promise<unknown> => (await rows('application_logs', logPage([EXPIRED], more)))[0]?.['reject_reason'];
    expect(await reason({ eventId: undefined })).toContain('field eventId: expected the id of the log event, found none');
    expect(await reason({ timestamp: 'now' })).toBe('field timestamp: expected milliseconds since the epoch, found "now"');
    expect(await reason({ timestamp: 99999999999999 })).toBeNull();
  });
});

test('each staging file gives exactly its table\'s columns', async () => {
  await database.file(new URL('../queries/staging/tables.sql', import.meta.url).pathname);
  for (const [file, table] of [['described_tasks', 'stg_task_events'], ['application_logs', 'stg_application_logs']] as const) {
    const columns = await database.all<{ column_name: string }>(`select column_name, column_type from (describe ${(await stagingSql(file)).trim()})`);
    const wanted = await database.all(`select column_name, column_type from (describe ${table})`);
    expect(columns.filter(({ column_name: name }) => name !== 'reject_reason'), file).toEqual(wanted);
  }
});

describe('landed and staged', () => {
  let folder: string;
  let writer: Writer;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'whoran-live-forms-'));
    writer = await openWriter(folder);
  });
  afterEach(async () => {
    writer.close();
    await rm(folder, { recursive: true, force: true });
  });

  const bring = async (origin: string, content: string): Promise<void> => {
    await landStep(writer, 'live', { stream: 's', covers: [], delivered: [{ origin, bytes: Buffer.from(content) }] });
    await stage(writer);
  };

  test.each([
    ['the state change first', [stateChange(4), DESCRIBED]],
    ['the description first', [DESCRIBED, stateChange(4)]],
  ])('one version is one row, the state change\'s: %s', async (_, contents) => {
    for (const content of contents) await bring('x', content);
    expect(await writer.db.all('select event_id, source_rank from stg_task_events')).toEqual([{ event_id: 'event-4', source_rank: 3 }]);
    await bring('x', DESCRIBED.replace('"version":4', '"version":5'));
    expect(await writer.db.all('select event_id, source_rank from stg_task_events order by task_version')).toEqual([
      { event_id: 'event-4', source_rank: 3 }, { event_id: `describe:${ARN}:5`, source_rank: 4 },
    ]);
    // What was asked about one task completes nothing.
    expect(await writer.db.all("select records, complete_through from stg_sources where source = 'ecs_events'")).toEqual([{ records: 1, complete_through: '2026-01-15T09:00:00Z' }]);
  });

  test('a page that is read again with other bytes counts as repeated', async () => {
    await bring(originOf('application'), logPage([EXPIRED, 'all is well', EXPIRED]));
    await bring(originOf('application'), logPage([EXPIRED, 'all is well', EXPIRED]).replace('opaque', 'another').replace('{"logStreamName"', '{ "logStreamName"'));
    expect(await writer.db.all('select batch_seq, form, records_read, records_new, records_repeated, records_rejected, records_set_aside from stg_deliveries order by batch_seq, form, records_set_aside')).toEqual([
      { batch_seq: 1, form: 'application_log', records_read: 3, records_new: 2, records_repeated: 0, records_rejected: 0, records_set_aside: 1 },
      { batch_seq: 2, form: 'application_log', records_read: 3, records_new: 0, records_repeated: 2, records_rejected: 0, records_set_aside: 1 },
    ]);
    expect(await writer.db.all('select event_id from stg_application_logs order by event_id')).toEqual([{ event_id: '39230' }, { event_id: '39232' }]);
    // CloudTrail records and ECS events by their own ids.
    await bring(originOf('ecs_events'), logPage([stateChange(7)]));
    await bring(originOf('ecs_events'), logPage([stateChange(7)]).replace('opaque', 'another'));
    expect(await writer.db.all('select records_new, records_repeated from stg_deliveries where batch_seq > 2 order by batch_seq')).toEqual([
      { records_new: 1, records_repeated: 0 }, { records_new: 0, records_repeated: 1 },
    ]);
  });
});
