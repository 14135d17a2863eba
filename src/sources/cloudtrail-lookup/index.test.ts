import { afterEach, describe, expect, test } from 'vitest';
import { awsDouble, type AwsDouble, type DoubleCloudTrailRecord } from '../../../fixtures/doubles/aws-json.ts';
import type { DoubleRequest, Fault } from '../../../fixtures/doubles/double-server.ts';
import { checked, FakeClock, pulled, type Pulled } from '../../../test/pulled.ts';
import { cloudtrailLookupSchema } from '../../config/sources/cloudtrail-lookup.ts';
import { frames } from '../../landing/framing.ts';
import { cloudtrailLookup } from './index.ts';

const ACCOUNT = '111122223333';
const OTHER = '444455556666';
const ROLE = `arn:aws:iam::${OTHER}:role/whoran-read`;
const REGION = 'eu-central-1';
const KEY = 'AKIADOUBLE0000000001';
const SECRET = 'a-secret-that-nobody-may-see';
const EXTERNAL_ID = 'external-id-that-nobody-may-see';
const STREAM = `${ACCOUNT}/${REGION}`;
const START = '2026-01-15T10:00:00Z';

const open: AwsDouble[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map(async (double) => double.close()));
});

function record(eventId: string, at: string, more: Partial<DoubleCloudTrailRecord> = {}): DoubleCloudTrailRecord {
  const accountId = more.accountId ?? ACCOUNT;
  const region = more.region ?? REGION;
  const body = JSON.stringify({
    eventVersion: '1.11', eventID: eventId, eventTime: at, eventSource: 'ecs.amazonaws.com', eventName: 'RunTask', awsRegion: region,
    recipientAccountId: accountId, userIdentity: { type: 'AssumedRole', accessKeyId: 'ASIAEXAMPLE000000001' }, readOnly: false,
  });
  return { accountId, region, eventId, at: Date.parse(at), visibleAt: Date.parse(at) + 60_000, body, ...more };
}

interface Setup {
  readonly clock: FakeClock;
  readonly records: DoubleCloudTrailRecord[];
  readonly pageSize?: number;
  readonly requestsPerSecond?: number;
  readonly fault?: (request: DoubleRequest, operation: string) => Fault | undefined;
  readonly externalId?: string;
}

async function setUp({ clock, records, externalId, fault, ...sizes }: Setup): Promise<AwsDouble> {
  const double = await awsDouble({
    now: () => clock.ms, keys: { [KEY]: ACCOUNT }, cloudTrail: { records: () => records, ...sizes }, ...(fault ? { fault } : {}),
    sts: { roles: [{ arn: ROLE, trusts: [ACCOUNT], ...(externalId === undefined ? {} : { externalId }) }] },
  });
  open.push(double);
  return double;
}

const config = (double: AwsDouble, more: object = {}) =>
  cloudtrailLookupSchema.parse({
    type: 'cloudtrail-lookup', id: 'lookup', endpoint: double.url, accounts: [{ account_id: ACCOUNT }], regions: [REGION],
    overlap_minutes: 60, first_days: 1, ...more,
  });

const source = (double: AwsDouble, more: object = {}) =>
  cloudtrailLookup(config(double, more), {
    credentials: async () => Promise.resolve({ accessKeyId: KEY, secretAccessKey: SECRET }), stsEndpoint: double.url, requestTimeoutMs: 300,
  });

const ids = ({ bodies }: Pick<Pulled, 'bodies'>): string[] =>
  bodies.flatMap((body) =>
    [...frames(Buffer.from(body), 'x')].map((frame) => (frame.kind === 'record' ? (JSON.parse(frame.bytes.toString('utf8')) as { eventID: string }).eventID : frame.kind)),
  );

/** No secret may show in what is told or given on. */
function expectNoSecret(result: Pulled): void {
  const told = JSON.stringify([result.events, result.failures, [...result.cursors], result.steps.map(({ delivered }) => delivered.map(({ origin }) => origin))]);
  for (const secret of [SECRET, EXTERNAL_ID, 'double-secret', 'double-token', 'NextToken']) expect(told).not.toContain(secret);
}

const faultAt = (number: number, fault: Fault) => {
  let seen = 0;
  return (_: DoubleRequest, operation: string): Fault | undefined => (operation === 'LookupEvents' && ++seen === number ? fault : undefined);
};

describe('a pull', () => {
  test('lands every page of every window as it came, oldest window first, and says how far it is complete', async () => {
    const clock = new FakeClock(START);
    const records = Array.from({ length: 7 }, (_, n) => record(`e${n}`, `2026-01-15T08:${String(31 + n)}:00Z`));
    const double = await setUp({ clock, records: [...records, record('late', '2026-01-15T09:59:30Z')], pageSize: 3 });
    const result = await pulled(source(double), { clock });
    expect(result.failures).toEqual([]);
    expect(ids(result)).toEqual(['e6', 'e5', 'e4', 'e3', 'e2', 'e1', 'e0']);
    expect(result.cursors.get(STREAM)).toBe('2026-01-15T10:00:00.000Z');
    expect(result.steps.at(-1)).toMatchObject({
      window: { from: new Date('2026-01-15T09:30:00Z'), to: new Date(START) }, completeThrough: new Date('2026-01-15T09:00:00Z'),
      covers: [{ of: 'cloudtrail', accountId: ACCOUNT, region: REGION }],
    });
    const [first] = result.steps.filter(({ delivered }) => delivered.length > 0);
    expect(first?.delivered[0]?.origin).toBe(`LookupEvents ${STREAM} 2026-01-15T08:30:00.000Z/2026-01-15T09:00:00.000Z`);
    // Read anew, a page differs in nothing but its token.
    const again = await pulled(source(double), { clock });
    const contents = (pull: Pulled): string[] => pull.steps.flatMap(({ delivered }) => delivered.map(({ bytes, content }) => (content ?? bytes).toString()));
    expect(again.bodies).not.toEqual(result.bodies);
    expect(contents(again).slice(0, 3)).toEqual(contents(result));
    // As it came: the double writes no space, and the SDK's own objects would have dates for numbers.
    expect(result.bodies[0]).toMatch(/^\{"Events":\[\{"EventId":"e6",.*"EventTime":\d{10},/);
    // Only the last page of a window moves the cursor.
    expect(result.steps.filter(({ delivered }) => delivered.length > 0).map(({ cursor }) => cursor)).toEqual([undefined, undefined, '2026-01-15T09:00:00.000Z']);
    expectNoSecret(result);
  });

  test('a second pull re-reads the overlap in the same words, finds what came late, and moves no cursor back', async () => {
    const clock = new FakeClock(START);
    const late = record('foreign', '2026-01-15T09:10:00Z', { visibleAt: Date.parse('2026-01-15T10:20:00Z') });
    const double = await setUp({ clock, records: [record('e1', '2026-01-15T09:05:00Z'), record('e2', '2026-01-15T09:40:00Z'), late] });
    const first = await pulled(source(double), { clock });
    expect(ids(first)).toEqual(['e1', 'e2']);
    clock.ms = Date.parse('2026-01-15T10:30:00Z');
    const second = await pulled(source(double), { clock, cursors: first.cursors });
    expect(ids(second)).toEqual(['foreign', 'e1', 'e2']);
    const windows = second.steps.map(({ window, cursor }) => [window?.from.toISOString().slice(11, 16), cursor?.slice(11, 16)]);
    expect(windows).toEqual([['09:00', undefined], ['09:30', undefined], ['10:00', '10:30']]);
    // A minute later nothing has changed: the window that is still in the overlap comes again, byte for byte.
    clock.ms += 60_000;
    const third = await pulled(source(double), { clock, cursors: second.cursors });
    expect(third.bodies).toEqual(second.bodies.slice(1));
  });

  test('resumes after a stop at any step, and loses nothing', async () => {
    const clock = new FakeClock(START);
    const records = Array.from({ length: 20 }, (_, n) => record(`e${String(n).padStart(2, '0')}`, `2026-01-15T0${n < 10 ? 8 : 9}:0${n % 10}:00Z`));
    const double = await setUp({ clock, records, pageSize: 4 });
    const whole = await pulled(source(double, { overlap_minutes: 0 }), { clock });
    for (let stop = 1; stop <= whole.steps.length; stop += 1) {
      const killed = await pulled(source(double, { overlap_minutes: 0 }), { clock, stopAfter: stop });
      const resumed = await pulled(source(double, { overlap_minutes: 0 }), { clock, cursors: killed.cursors });
      expect(new Set([...ids(killed), ...ids(resumed)]).size, `stopped after ${stop}`).toBe(20);
      // The last window's cursor was kept just before: nothing is asked for again, but for an empty window since.
      if (stop === whole.steps.length) expect(resumed.bodies).toEqual([]);
    }
  });

  test('a backfill pulls exactly its window and says neither cursor nor completeness', async () => {
    const clock = new FakeClock(START);
    const double = await setUp({ clock, records: ['2026-01-14T11:59:59Z', '2026-01-14T12:10:00Z', '2026-01-14T12:59:00Z', '2026-01-14T13:20:00Z'].map((at, n) => record(`e${n}`, at)) });
    const backfill = { from: new Date('2026-01-14T12:10:00Z'), to: new Date('2026-01-14T13:10:00Z') };
    const result = await pulled(source(double), { clock, backfill, cursors: new Map([[STREAM, '2026-01-15T09:00:00.000Z']]) });
    expect(ids(result).toSorted()).toEqual(['e1', 'e2']);
    expect(result.steps.every(({ cursor, completeThrough }) => cursor === undefined && completeThrough === undefined)).toBe(true);
    expect(result.cursors.get(STREAM)).toBe('2026-01-15T09:00:00.000Z');
  });

  test('a cursor older than 90 days: pulled from there on, and the lost stretch is named', async () => {
    const clock = new FakeClock(START);
    const double = await setUp({ clock, records: [record('new', '2025-10-18T10:00:00Z'), record('old', '2025-10-01T00:00:00Z')] });
    const result = await pulled(source(double, { window_minutes: 1440 }), { clock, cursors: new Map([[STREAM, '2025-09-01T00:00:00.000Z']]) });
    expect(ids(result)).toEqual(['new']);
    expect(result.events).toContainEqual({
      kind: 'warning', stream: STREAM,
      message: 'the service keeps 90 days: what happened from 2025-09-01T00:00:00Z to 2025-10-17T10:01:00Z and was not pulled before can\'t be had from it any more',
    });
    expect(result.steps[0]?.window?.from).toEqual(new Date('2025-10-17T10:01:00Z'));
  });

  test('a cursor far ahead of the clock was set by a wrong clock: the stream begins anew and sets it right', async () => {
    const clock = new FakeClock(START);
    const double = await setUp({ clock, records: [record('e1', '2026-01-14T12:00:00Z')] });
    const result = await pulled(source(double), { clock, cursors: new Map([[STREAM, '2026-02-01T00:00:00.000Z']]) });
    expect(ids(result)).toEqual(['e1', 'e1']);
    expect(result.cursors.get(STREAM)).toBe('2026-01-15T10:00:00.000Z');
    expect(result.events).toContainEqual(expect.objectContaining({ kind: 'warning', message: expect.stringContaining('lies ahead of this machine\'s clock') as string }));
  });

  test('keeps 2 requests a second for each account and region, so that CloudTrail never refuses', async () => {
    const clock = new FakeClock(START);
    const double = await setUp({ clock, records: Array.from({ length: 30 }, (_, n) => record(`e${n}`, '2026-01-15T09:00:30Z')), pageSize: 1, requestsPerSecond: 2 });
    const result = await pulled(source(double, { first_days: 1, window_minutes: 1440 }), { clock });
    expect(new Set(ids(result)).size).toBe(30);
    expect(result.events.filter(({ kind }) => kind === 'retry')).toEqual([]);
    expect(double.server.requests).toHaveLength(31);
  });
});

describe('accounts and roles', () => {
  test('each account by its own role and external id, each region on its own', async () => {
    const clock = new FakeClock(START);
    const records = [record('mine', '2026-01-15T09:00:01Z'), record('theirs', '2026-01-15T09:00:01Z', { accountId: OTHER, region: 'us-east-1' })];
    const double = await setUp({ clock, records, externalId: EXTERNAL_ID });
    const two = { accounts: [{ account_id: ACCOUNT }, { account_id: OTHER, role_arn: ROLE, external_id: EXTERNAL_ID }], regions: [REGION, 'us-east-1'] };
    const result = await pulled(source(double, two), { clock });
    expect(result.failures).toEqual([]);
    const by = result.steps.flatMap(({ stream, delivered }) => delivered.map(({ bytes }) => [stream, ids({ bodies: [bytes.toString()] })]));
    expect(Object.fromEntries(by)).toEqual({ [STREAM]: ['mine'], [`${OTHER}/us-east-1`]: ['theirs'] });
    expect([...result.cursors.keys()].sort()).toEqual([`${ACCOUNT}/eu-central-1`, `${ACCOUNT}/us-east-1`, `${OTHER}/eu-central-1`, `${OTHER}/us-east-1`]);
    expectNoSecret(result);
  });

  test('a role\'s credentials that expire in mid-run: the role is assumed anew, once', async () => {
    const clock = new FakeClock(START);
    const records = ['2026-01-15T09:40:00Z', '2026-01-15T09:41:00Z'].map((at, n) => record(`e${n}`, at, { accountId: OTHER }));
    const double = await setUp({ clock, records, pageSize: 1, externalId: EXTERNAL_ID, fault: faultAt(3, { kind: 'expired_credentials' }) });
    const result = await pulled(source(double, { accounts: [{ account_id: OTHER, role_arn: ROLE, external_id: EXTERNAL_ID }] }), { clock });
    expect(result.failures).toEqual([]);
    expect(new Set(ids(result))).toEqual(new Set(['e0', 'e1']));
    expect(double.counts.get('AssumeRole')).toBe(2);
    expectNoSecret(result);
  });

  test('a role that may not be assumed fails its streams alone, with what to do', async () => {
    const clock = new FakeClock(START);
    const double = await setUp({ clock, records: [record('mine', '2026-01-15T09:00:01Z')], externalId: 'another' });
    const result = await pulled(source(double, { accounts: [{ account_id: OTHER, role_arn: ROLE, external_id: EXTERNAL_ID }, { account_id: ACCOUNT }] }), { clock });
    expect(new Set(ids(result))).toEqual(new Set(['mine']));
    expect(result.failures).toEqual([
      { stream: `${OTHER}/${REGION}`, message: expect.stringContaining('not authorized to perform: sts:AssumeRole') as string, hint: expect.stringMatching(/trust policy/) as string },
    ]);
    expectNoSecret(result);
  });
});

test('credentials of another account complete nothing of the one that was meant', async () => {
  const clock = new FakeClock(START);
  const double = await setUp({ clock, records: [record('mine', '2026-01-15T09:00:01Z')] });
  const result = await pulled(source(double, { accounts: [{ account_id: OTHER }], overlap_minutes: 0, window_minutes: 1440 }), { clock });
  expect(result.bodies).toEqual([]);
  expect(result.failures).toEqual([
    { stream: `${OTHER}/${REGION}`, message: `these credentials see the events of account ${ACCOUNT}, not of ${OTHER}`, hint: 'Give the account a role_arn of its own, or correct its account_id.' },
  ]);
  // Whatever a window without an event completed, the one with it did not.
  expect(Date.parse(result.cursors.get(`${OTHER}/${REGION}`) ?? '1970-01-01')).toBeLessThan(Date.parse('2026-01-15T09:00:01Z'));
});

describe('faults', () => {
  const some = [record('e1', '2026-01-15T09:01:00Z'), record('e2', '2026-01-15T09:02:00Z'), record('e3', '2026-01-15T09:03:00Z')];
  const oneWindow = { first_days: 1, window_minutes: 1440, overlap_minutes: 0 };
  const at = '2026-01-15T09:30:00Z';
  const faults: [string, Fault, number][] = [
    ['throttling without Retry-After', { kind: 'throttle' }, 1],
    ['throttling with Retry-After', { kind: 'throttle', retryAfterSeconds: 7 }, 1],
    ['a 5xx', { kind: 'status', status: 500 }, 1],
    ['a reset', { kind: 'reset' }, 1],
    ['a reset in mid-body', { kind: 'reset_mid_body' }, 1],
    ['slow bytes', { kind: 'slow_bytes', pauseMs: 20 }, 0],
    ['a hang', { kind: 'hang' }, 1],
    ['credentials that expire in mid-run', { kind: 'expired_credentials' }, 1],
    ['a clock that is not AWS\'s', { kind: 'special', name: 'skewed' }, 1],
    ['an empty page with a token', { kind: 'special', name: 'empty_page' }, 0],
    ['events given twice', { kind: 'special', name: 'duplicates' }, 0],
  ];
  test.each(faults)('%s: everything comes', async (_, fault, retries) => {
    const clock = new FakeClock(at);
    const double = await setUp({ clock, records: some, pageSize: 2, fault: faultAt(2, fault) });
    const result = await pulled(source(double, oneWindow), { clock });
    expect(result.failures).toEqual([]);
    expect(new Set(ids(result))).toEqual(new Set(['e1', 'e2', 'e3']));
    expect(result.events.filter(({ kind }) => kind === 'retry')).toHaveLength(retries);
    expect(double.server.faults).toEqual([fault]);
    if (fault.kind === 'throttle' && fault.retryAfterSeconds !== undefined) expect(clock.slept).toContainEqual(expect.closeTo(7500, -3) as number);
    expectNoSecret(result);
  });

  test('a token that expired: the window begins anew', async () => {
    const clock = new FakeClock(at);
    const double = await setUp({ clock, records: some, pageSize: 2, fault: faultAt(3, { kind: 'special', name: 'expired_token' }) });
    const result = await pulled(source(double, oneWindow), { clock });
    expect(result.failures).toEqual([]);
    // Request 1 is yesterday's window, 2 the first page, 3 refuses its token, 4 and 5 are both pages.
    expect(ids(result)).toEqual(['e3', 'e2', 'e3', 'e2', 'e1']);
    expect(result.cursors.get(STREAM)).toBe('2026-01-15T09:30:00.000Z');
  });

  test('tokens that always expire: the stream fails and its cursor stays', async () => {
    const clock = new FakeClock(at);
    const double = await setUp({ clock, records: some, pageSize: 2, fault: (request) => (request.body.includes('NextToken') ? { kind: 'special', name: 'expired_token' } : undefined) });
    const result = await pulled(source(double, oneWindow), { clock });
    expect(result.failures).toEqual([{ stream: STREAM, message: 'InvalidNextTokenException (HTTP 400)' }]);
    expect(result.cursors.get(STREAM)).toBe('2026-01-15T00:00:00.000Z');
  });

  test('credentials that are refused again once renewed: final, with what to do', async () => {
    const clock = new FakeClock(at);
    const double = await setUp({ clock, records: some, fault: () => ({ kind: 'expired_credentials' }) });
    const result = await pulled(source(double, oneWindow), { clock });
    expect(result.failures).toEqual([expect.objectContaining({ stream: STREAM, hint: expect.stringContaining('Renew the credentials') as string })]);
    expect(double.server.requests).toHaveLength(2);
  });

  test('throttled without end: given up at the deadline, stated', async () => {
    const clock = new FakeClock(at);
    const double = await setUp({ clock, records: some, fault: () => ({ kind: 'throttle' }) });
    const result = await pulled(source(double, { ...oneWindow, deadline_minutes: 5 }), { clock });
    expect(result.failures[0]?.message).toMatch(/^LookupEvents: gave up after \d+ attempts in \d+ s: throttled$/);
    expect(result.steps).toEqual([]);
  });

  test('a permission that is missing is named', async () => {
    const clock = new FakeClock(at);
    const double = await setUp({ clock, records: some, fault: () => ({ kind: 'status', status: 403 }) });
    const result = await pulled(source(double, oneWindow), { clock });
    expect(result.failures).toEqual([{ stream: STREAM, message: 'AccessDeniedException (HTTP 403)', hint: expect.stringContaining('Grant cloudtrail:LookupEvents') as string }]);
  });

  test('an abort ends it with its reason, also amid a hang', async () => {
    const clock = new FakeClock(at);
    const abort = new AbortController();
    const double = await setUp({ clock, records: some, fault: () => ({ kind: 'hang' }) });
    setTimeout(() => { abort.abort(new Error('the run ends')); }, 50);
    await expect(pulled(source(double, oneWindow), { clock, signal: abort.signal })).rejects.toThrow('the run ends');
  });
});

describe('check', () => {
  test('says what each account and region allows, and how old the last event is', async () => {
    const clock = new FakeClock(START);
    const double = await setUp({ clock, records: [record('e1', '2026-01-15T09:57:00Z')], externalId: EXTERNAL_ID });
    const results = await checked(source(double, { accounts: [{ account_id: ACCOUNT }, { account_id: OTHER, role_arn: ROLE }], regions: [REGION] }), clock);
    expect(results).toEqual([
      expect.objectContaining({ what: 'regions', outcome: 'warning', found: expect.stringContaining('us-east-1') as string }),
      { what: `credentials of account ${ACCOUNT}`, outcome: 'ok', found: `arn:aws:iam::${ACCOUNT}:role/double` },
      { what: `cloudtrail:LookupEvents in ${ACCOUNT}, ${REGION}`, outcome: 'ok', found: 'the last event is 3 minutes old' },
      expect.objectContaining({ what: `sts:AssumeRole of ${ROLE}`, outcome: 'missing', fix: expect.stringContaining('external id') as string }),
      expect.objectContaining({ what: `cloudtrail:LookupEvents in ${OTHER}, ${REGION}`, outcome: 'not_tried' }),
    ]);
  });

  test('credentials of another account, and a lookup that is denied', async () => {
    const clock = new FakeClock(START);
    const double = await setUp({ clock, records: [], fault: (_, operation) => (operation === 'LookupEvents' ? { kind: 'status', status: 403 } : undefined) });
    const other = await checked(source(double, { accounts: [{ account_id: OTHER }], regions: ['us-east-1'] }), clock);
    expect(other[0]).toMatchObject({ outcome: 'missing', found: `these credentials are of account ${ACCOUNT}` });
    const denied = await checked(source(double, { regions: ['us-east-1'] }), clock);
    expect(denied[1]).toMatchObject({ outcome: 'missing', fix: expect.stringContaining('Grant cloudtrail:LookupEvents') as string });
  });
});
