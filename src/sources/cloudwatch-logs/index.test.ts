import { afterEach, describe, expect, test } from 'vitest';
import { awsDouble, type AwsDouble, type DoubleLogEvent } from '../../../fixtures/doubles/aws-json.ts';
import type { DoubleRequest, Fault } from '../../../fixtures/doubles/double-server.ts';
import { checked, FakeClock, pulled, type Pulled } from '../../../test/pulled.ts';
import { cloudwatchLogsSchema } from '../../config/sources/cloudwatch-logs.ts';
import { cloudwatchLogs } from './index.ts';

const ACCOUNT = '111122223333';
const REGION = 'eu-central-1';
const KEY = 'AKIADOUBLE0000000001';
const SECRET = 'a-secret-that-nobody-may-see';
const GROUP = '/aws/events/ecs';
const APP = '/ecs/nightly';
const START = '2026-01-15T10:00:00Z';
const EXPIRED = 'An error occurred (ExpiredTokenException): Token expired: current date/time 1768471200 must be before the expiration date/time 1768470900';

const open: AwsDouble[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map(async (double) => double.close()));
});

function event(id: string, at: string, more: Partial<DoubleLogEvent> = {}): DoubleLogEvent {
  return { id, stream: 'prefix/app/0f9de17a6465404e8b1b2356dc13c2f8', at: Date.parse(at), ingestedAt: Date.parse(at) + 2000, message: JSON.stringify({ id }), ...more };
}

interface Setup {
  readonly clock: FakeClock;
  readonly events: DoubleLogEvent[];
  readonly app?: DoubleLogEvent[];
  readonly pageSize?: number;
  readonly scanned?: number;
  readonly retentionInDays?: number;
  readonly fault?: (request: DoubleRequest, operation: string) => Fault | undefined;
}

async function setUp({ clock, events, app = [], retentionInDays, fault, ...sizes }: Setup): Promise<AwsDouble> {
  const kept = retentionInDays === undefined ? {} : { retentionInDays };
  const double = await awsDouble({
    now: () => clock.ms, keys: { [KEY]: ACCOUNT }, ...(fault ? { fault } : {}),
    logs: {
      ...sizes,
      groups: [
        { accountId: ACCOUNT, region: REGION, name: GROUP, events: () => events, ...kept },
        { accountId: ACCOUNT, region: REGION, name: APP, events: () => app },
      ],
    },
  });
  open.push(double);
  return double;
}

const source = (double: AwsDouble, more: object = {}) =>
  cloudwatchLogs(
    cloudwatchLogsSchema.parse({
      type: 'cloudwatch-logs', id: 'logs', endpoint: double.url, region: REGION, account_id: ACCOUNT, groups: [{ name: GROUP, holds: 'ecs_events' }],
      overlap_minutes: 60, first_days: 1, ...more,
    }),
    { credentials: async () => Promise.resolve({ accessKeyId: KEY, secretAccessKey: SECRET }), stsEndpoint: double.url, requestTimeoutMs: 300 },
  );

const ids = ({ bodies }: Pick<Pulled, 'bodies'>): string[] => bodies.flatMap((body) => (JSON.parse(body) as { events: { eventId: string }[] }).events.map(({ eventId }) => eventId));

function expectNoSecret(result: Pulled): void {
  const told = JSON.stringify([result.events, result.failures, [...result.cursors], result.steps.map(({ delivered }) => delivered.map(({ origin }) => origin))]);
  for (const secret of [SECRET, 'nextToken', 'Signature']) expect(told).not.toContain(secret);
}

const faultAt = (number: number, fault: Fault) => {
  let seen = 0;
  return (_: DoubleRequest, operation: string): Fault | undefined => (operation === 'FilterLogEvents' && ++seen === number ? fault : undefined);
};

describe('a pull', () => {
  test('lands every page of every window as it came; each event in one window, those of equal time all', async () => {
    const clock = new FakeClock(START);
    const edge = ['2026-01-15T08:59:59.999Z', '2026-01-15T09:00:00.000Z', '2026-01-15T09:00:00.000Z', '2026-01-15T09:00:00.000Z', '2026-01-15T09:59:59.000Z'];
    const double = await setUp({ clock, events: edge.map((at, n) => event(`e${n}`, at, { ingestedAt: Date.parse(at) })), pageSize: 2 });
    const result = await pulled(source(double), { clock });
    expect(result.failures).toEqual([]);
    expect(ids(result)).toEqual(['e0', 'e1', 'e2', 'e3', 'e4']);
    expect(result.cursors.get(GROUP)).toBe('2026-01-15T10:00:00.000Z');
    expect(result.steps.at(-1)).toMatchObject({
      stream: GROUP, covers: [{ of: 'ecs_events', accountId: ACCOUNT, region: REGION }], completeThrough: new Date('2026-01-15T09:00:00Z'),
    });
    expect(result.steps.at(-1)?.delivered[0]?.origin).toBe(`FilterLogEvents ecs_events ${ACCOUNT}/${REGION} ${GROUP} 2026-01-15T09:00:00.000Z/2026-01-15T10:00:00.000Z`);
    expect(result.bodies[0]).toMatch(/^\{"events":\[\{"logStreamName":/);
    expectNoSecret(result);
  });

  test('what is ingested late comes with the overlap; what has not changed has the same content', async () => {
    const clock = new FakeClock(START);
    const events = [event('a', '2026-01-15T09:10:00Z'), event('b', '2026-01-15T09:11:00Z'), event('c', '2026-01-15T09:12:00Z')];
    const late = event('late', '2026-01-15T09:10:30Z', { ingestedAt: Date.parse('2026-01-15T10:15:00Z') });
    const double = await setUp({ clock, events: [...events, late], pageSize: 2 });
    const contents = (pull: Pulled): string[] => pull.steps.flatMap(({ delivered }) => delivered.map(({ bytes, content }) => (content ?? bytes).toString()));
    const first = await pulled(source(double), { clock });
    expect(ids(first)).toEqual(['a', 'b', 'c']);
    clock.ms += 60_000;
    const again = await pulled(source(double), { clock, cursors: first.cursors });
    expect(again.bodies).not.toEqual(first.bodies);
    expect(contents(again)).toEqual(contents(first));
    clock.ms += 30 * 60_000;
    const third = await pulled(source(double), { clock, cursors: again.cursors });
    expect(ids(third)).toEqual(['a', 'late', 'b', 'c']);
    expect(third.steps.filter(({ cursor }) => cursor !== undefined).map(({ cursor }) => cursor)).toEqual(['2026-01-15T10:31:00.000Z']);
  });

  test('a filter leaves pages part full and empty, and all matches come', async () => {
    const clock = new FakeClock(START);
    const app = Array.from({ length: 40 }, (_, n) => event(`l${n}`, `2026-01-15T09:${String(n).padStart(2, '0')}:00Z`, { message: n % 13 === 0 ? EXPIRED : 'all is well' }));
    const double = await setUp({ clock, events: [], app, scanned: 3 });
    const result = await pulled(source(double, { groups: [{ name: APP, holds: 'application' }] }), { clock });
    expect(ids(result)).toEqual(['l0', 'l13', 'l26', 'l39']);
    expect(result.bodies.length).toBeLessThan(double.server.requests.length / 2);
    expect(result.steps.every(({ covers }) => covers.length === 0)).toBe(true);
  });

  test('resumes after a stop at any step, and loses nothing', async () => {
    const clock = new FakeClock(START);
    const double = await setUp({ clock, events: Array.from({ length: 12 }, (_, n) => event(`e${n}`, `2026-01-15T0${n < 6 ? 8 : 9}:0${n % 6}:00Z`)), pageSize: 2 });
    const whole = await pulled(source(double, { overlap_minutes: 0 }), { clock });
    for (let stop = 1; stop <= whole.steps.length; stop += 1) {
      const killed = await pulled(source(double, { overlap_minutes: 0 }), { clock, stopAfter: stop });
      const resumed = await pulled(source(double, { overlap_minutes: 0 }), { clock, cursors: killed.cursors });
      expect(new Set([...ids(killed), ...ids(resumed)]).size, `stopped after ${stop}`).toBe(12);
    }
  });

  test('a backfill pulls exactly its window and says neither cursor nor completeness', async () => {
    const clock = new FakeClock(START);
    const at = ['2026-01-14T08:14:59.999Z', '2026-01-14T08:15:00Z', '2026-01-14T09:29:59.999Z', '2026-01-14T09:30:00Z'];
    const double = await setUp({ clock, events: at.map((time, n) => event(`e${n}`, time)) });
    const result = await pulled(source(double), { clock, backfill: { from: new Date('2026-01-14T08:15:00Z'), to: new Date('2026-01-14T09:30:00Z') } });
    expect(ids(result)).toEqual(['e1', 'e2']);
    expect(result.steps.some(({ cursor, completeThrough }) => cursor !== undefined || completeThrough !== undefined)).toBe(false);
  });

  test('a group that is missing fails alone, with what to do', async () => {
    const clock = new FakeClock(START);
    const double = await setUp({ clock, events: [event('e', '2026-01-15T09:00:00Z')] });
    const result = await pulled(source(double, { groups: [{ name: '/not/there', holds: 'cloudtrail' }, { name: GROUP, holds: 'ecs_events' }] }), { clock });
    expect(ids(result)).toEqual(['e']);
    expect(result.failures).toEqual([{ stream: '/not/there', message: 'ResourceNotFoundException (HTTP 400)', hint: expect.stringContaining('Correct the name') as string }]);
  });
});

describe('faults', () => {
  const some = [event('e1', '2026-01-15T09:01:00Z'), event('e2', '2026-01-15T09:02:00Z'), event('e3', '2026-01-15T09:03:00Z')];
  const oneWindow = { first_days: 1, window_minutes: 1440, overlap_minutes: 0 };
  const faults: [string, Fault, number][] = [
    ['throttling without Retry-After', { kind: 'throttle' }, 1],
    ['throttling with Retry-After', { kind: 'throttle', retryAfterSeconds: 3 }, 1],
    ['a 5xx', { kind: 'status', status: 503 }, 1],
    ['a reset', { kind: 'reset' }, 1],
    ['a reset in mid-body', { kind: 'reset_mid_body' }, 1],
    ['slow bytes', { kind: 'slow_bytes', pauseMs: 20 }, 0],
    ['a hang', { kind: 'hang' }, 1],
    ['credentials that expire in mid-run', { kind: 'expired_credentials' }, 1],
    ['a clock that is not AWS\'s', { kind: 'special', name: 'skewed' }, 1],
    ['an empty page with a token', { kind: 'special', name: 'empty_page' }, 0],
    ['events given twice', { kind: 'special', name: 'duplicates' }, 0],
    ['a token that expired', { kind: 'special', name: 'expired_token' }, 0],
  ];
  test.each(faults)('%s: everything comes', async (_, fault, retries) => {
    const clock = new FakeClock(START);
    // The third request is the first that has a token.
    const double = await setUp({ clock, events: some, pageSize: 2, fault: faultAt(3, fault) });
    const result = await pulled(source(double, oneWindow), { clock });
    expect(result.failures).toEqual([]);
    expect(new Set(ids(result))).toEqual(new Set(['e1', 'e2', 'e3']));
    expect(result.events.filter(({ kind }) => kind === 'retry')).toHaveLength(retries);
    expect(result.cursors.get(GROUP)).toBe('2026-01-15T10:00:00.000Z');
    expect(double.server.faults).toEqual([fault]);
    expectNoSecret(result);
  });

  test('a token older than 24 hours, since a page was waited for that long', async () => {
    const clock = new FakeClock(START);
    const double = await setUp({ clock, events: some, pageSize: 2, fault: faultAt(3, { kind: 'throttle', retryAfterSeconds: 25 * 3600 }) });
    const result = await pulled(source(double, { ...oneWindow, deadline_minutes: 3000 }), { clock });
    expect(ids(result)).toEqual(['e1', 'e2', 'e1', 'e2', 'e3']);
  });

  test('a request that is wrong from the first page on is final', async () => {
    const clock = new FakeClock(START);
    const double = await setUp({ clock, events: some });
    const result = await pulled(source(double, { groups: [{ name: GROUP, holds: 'application', filter: '{ $.a = 1 }' }] }), { clock });
    expect(result.failures).toEqual([{ stream: GROUP, message: 'InvalidParameterException (HTTP 400)' }]);
    expect(double.server.requests).toHaveLength(1);
  });

  test('a permission that is missing is named, with the group', async () => {
    const clock = new FakeClock(START);
    const double = await setUp({ clock, events: some, fault: () => ({ kind: 'status', status: 403 }) });
    const result = await pulled(source(double, oneWindow), { clock });
    expect(result.failures[0]?.hint).toContain(`Grant logs:FilterLogEvents on arn:aws:logs:${REGION}:${ACCOUNT}:log-group:${GROUP}:*`);
  });
});

describe('check', () => {
  test('says whether each group is there, how long it keeps events, and how old the last one is', async () => {
    const clock = new FakeClock(START);
    const double = await setUp({ clock, events: [event('e', '2026-01-15T09:48:00Z')], retentionInDays: 1 });
    const groups = [{ name: GROUP, holds: 'ecs_events' }, { name: APP, holds: 'application' }, { name: '/ecs', holds: 'application' }];
    const results = await checked(source(double, { groups, first_days: 7 }), clock);
    expect(results).toEqual([
      { what: 'AWS credentials', outcome: 'ok', found: `arn:aws:iam::${ACCOUNT}:role/double` },
      expect.objectContaining({ what: `log group ${GROUP}`, outcome: 'warning', found: 'there, and its events are kept for 1 days' }),
      { what: `logs:FilterLogEvents on ${GROUP}`, outcome: 'ok', found: 'the last event is 12 minutes old' },
      { what: `log group ${APP}`, outcome: 'ok', found: 'there, and its events are kept for ever' },
      expect.objectContaining({ what: `logs:FilterLogEvents on ${APP}`, outcome: 'warning', found: 'no event in the last 7 days' }),
      expect.objectContaining({ what: 'log group /ecs', outcome: 'missing', found: `there is no such group in ${REGION}` }),
      expect.objectContaining({ what: 'logs:FilterLogEvents on /ecs', outcome: 'missing' }),
    ]);
  });

  test('names the account where the source doesn\'t, and the permission that is missing', async () => {
    const clock = new FakeClock(START);
    const double = await setUp({ clock, events: [], fault: (_, operation) => (operation === 'DescribeLogGroups' ? { kind: 'status', status: 403 } : undefined) });
    const results = await checked(source(double, { account_id: undefined }), clock);
    expect(results[0]).toMatchObject({ outcome: 'warning', fix: expect.stringContaining(`Set account_id: "${ACCOUNT}"`) as string });
    expect(results[1]).toMatchObject({ outcome: 'missing', fix: expect.stringContaining('Grant logs:DescribeLogGroups') as string });
    const other = await checked(source(double, { account_id: '444455556666' }), clock);
    expect(other.map(({ outcome }) => outcome)).toEqual(['missing', 'not_tried']);
  });
});
