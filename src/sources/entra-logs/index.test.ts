import type { AccessToken, TokenCredential } from '@azure/identity';
import { afterEach, describe, expect, it } from 'vitest';
import type { DoubleRequest, DoubleServer, Fault } from '../../../fixtures/doubles/double-server.ts';
import { logAnalyticsDouble, queryOf, type LogAnalyticsOptions, type LogAnalyticsRow } from '../../../fixtures/doubles/log-analytics.ts';
import { FakeClock, pulled, type Pulled } from '../../../test/pulled.ts';
import { entraLogsSchema } from '../../config/sources/entra-logs.ts';
import { frames } from '../../landing/framing.ts';
import { entraLogs, type EntraLogsGiven } from './index.ts';

const TENANT = '11111111-1111-4111-8111-111111111111';
const WORKSPACE = '22222222-2222-4222-8222-222222222222';
const START = '2026-01-15T10:00:00.000Z';
const TOKEN = 'a-token-that-nobody-may-see';
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const TABLES = ['SigninLogs', 'AADNonInteractiveUserSignInLogs', 'AADServicePrincipalSignInLogs', 'AADManagedIdentitySignInLogs', 'AuditLogs'];

const open: DoubleServer[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map(async (double) => double.close()));
});

/** Gives another token each time. */
class CountingCredential implements TokenCredential {
  given = 0;
  async getToken(): Promise<AccessToken> {
    this.given += 1;
    return Promise.resolve({ token: `${TOKEN}-${this.given}`, expiresOnTimestamp: Date.now() + HOUR });
  }
}

/** A row of SigninLogs that was ingested `minutes` after START and could be read at once, unless told otherwise. */
function row(id: string, minutes: number, more: Partial<LogAnalyticsRow> & { readonly generated?: string } = {}): LogAnalyticsRow {
  const ingestedAt = Date.parse(START) + minutes * MINUTE;
  const generated = more.generated ?? new Date(ingestedAt - 3 * MINUTE).toISOString().replace('Z', '1234Z');
  const table = more.table ?? 'SigninLogs';
  return {
    table, ingestedAt, visibleAt: ingestedAt,
    columns: {
      TimeGenerated: generated, TenantId: '33333333-3333-4333-8333-333333333333', AADTenantId: TENANT, Type: table, Id: id, CreatedDateTime: generated,
      UserId: '44444444-4444-4444-8444-444444444444', UserPrincipalName: 'ada@example.com', AppId: '55555555-5555-4555-8555-555555555555',
      AppDisplayName: 'AWS', ResultType: '0', IPAddress: '192.0.2.7', UniqueTokenIdentifier: 'AAAAAAAAAAAAAAAAAAAAAA', ResourceIdentity: '66666666-6666-4666-8666-666666666666',
      ConditionalAccessStatus: 'success', Status: { errorCode: 0 }, DeviceDetail: { operatingSystem: 'Linux "x"' }, IsInteractive: true,
    },
    ...more,
  };
}

interface Setup extends Partial<LogAnalyticsOptions> {
  readonly clock: FakeClock;
  readonly held: readonly LogAnalyticsRow[];
}

async function setUp({ clock, held, ...more }: Setup): Promise<DoubleServer> {
  const double = await logAnalyticsDouble({ now: () => clock.ms, workspaceId: WORKSPACE, rows: () => held, emptyTables: TABLES, ...more });
  open.push(double);
  return double;
}

function source(double: DoubleServer, more: object = {}, given: EntraLogsGiven = {}) {
  const config = entraLogsSchema.parse({
    type: 'entra-logs', id: 'logs', tenant_id: TENANT, workspace_id: WORKSPACE, endpoint: double.url, sign_in_kinds: ['interactive_user'],
    directory_audits: false, first_days: 1, ...more,
  });
  return entraLogs(config, { credential: new CountingCredential(), ca: double.certificate ?? '', requestTimeoutMs: 400, ...given });
}

/** Ids in the order of delivery. */
const ids = ({ bodies }: Pick<Pulled, 'bodies'>): string[] =>
  bodies.flatMap((body) => [...frames(Buffer.from(body), 'x')].map((frame) =>
    frame.kind === 'record' ? (JSON.parse((frame.stagingJson ?? frame.bytes).toString('utf8')) as { Id: string }).Id : frame.kind));

const rowQueries = (double: DoubleServer): DoubleRequest[] => double.requests.filter(asksForRows);
const asksForRows = (request: DoubleRequest): boolean => queryOf(request).includes('_IngestionTime');
/** Milliseconds from and to which a query asks for by ingestion. */
function spanOf(request: DoubleRequest): { from: number; to: number } {
  const [, from = '', to = ''] = /ingestion_time\(\) >= datetime\((.+?)\) and ingestion_time\(\) < datetime\((.+?)\)/.exec(queryOf(request)) ?? [];
  return { from: Date.parse(from), to: Date.parse(to) };
}

/** Nothing that is told, kept or given on holds a token; no cursor goes beyond the service's clock, and none goes back. */
function expectSound(result: Pulled, clock: FakeClock): void {
  const told = JSON.stringify([result.events, result.failures, [...result.cursors], result.steps.map(({ delivered }) => delivered.map(({ origin }) => origin))]);
  expect(told).not.toContain(TOKEN);
  expect(told).not.toContain('Bearer');
  const last = new Map<string, number>();
  for (const { stream, cursor, completeThrough, covers } of result.steps) {
    expect(covers.length).toBeGreaterThan(0);
    expect(completeThrough === undefined).toBe(cursor === undefined);
    if (cursor === undefined) continue;
    expect(Date.parse(cursor)).toBeLessThanOrEqual(clock.ms);
    expect(Date.parse(cursor)).toBeGreaterThan(last.get(stream) ?? 0);
    last.set(stream, Date.parse(cursor));
    expect(completeThrough?.getTime()).toBe(Date.parse(cursor) - 30 * MINUTE);
  }
}

/** The fault for the nth query for rows, counted from 1. */
function onRows(...faults: (Fault | undefined)[]): (request: DoubleRequest) => Fault | undefined {
  let seen = 0;
  return (request) => (asksForRows(request) ? faults[seen++] : undefined);
}

describe('pull', () => {
  it('delivers the body byte for byte, with origin, tenant, coverage and cursor', async () => {
    const clock = new FakeClock(START);
    const double = await setUp({ clock, held: [row('b', -90), row('a', -120)] });
    const result = await pulled(source(double), { clock });
    expect(ids(result)).toEqual(['a', 'b']);
    expectSound(result, clock);
    expect(result.failures).toEqual([]);
    const [step] = result.steps;
    expect(step?.covers).toEqual([{ of: 'sign_ins', tenantId: TENANT, signInKind: 'interactive_user' }]);
    expect(step?.delivered[0]?.tenantId).toBe(TENANT);
    expect(step?.delivered[0]?.origin).toMatch(new RegExp(`^log-analytics/${WORKSPACE}/SigninLogs\\?ingestion_time=2026-01-15T\\d\\d:\\d\\d:\\d\\d\\.000Z/2026-01-15T`));
    expect(result.cursors.get('SigninLogs')).toBe(START);
    // The clock, a count, and the rows.
    expect(double.requests).toHaveLength(3);
    expect(double.requests.every(({ headers }) => headers['authorization']?.startsWith('Bearer ') && headers['accept-encoding'] === 'identity')).toBe(true);
    const sent = JSON.parse(result.bodies[0] ?? '') as { tables: { columns: { name: string }[] }[] };
    expect(sent.tables[0]?.columns.map(({ name }) => name)).not.toContain('_Order');
  });

  it('pulls every table as a stream of its own', async () => {
    const clock = new FakeClock(START);
    const double = await setUp({ clock, held: TABLES.map((table) => row(`in-${table}`, -90, { table })) });
    const all = source(double, { sign_in_kinds: undefined, directory_audits: true });
    const result = await pulled(all, { clock });
    expect(all.streams.map(({ stream }) => stream)).toEqual(TABLES);
    expect([...result.cursors.keys()].sort()).toEqual([...TABLES].sort());
    expect(result.bodies).toHaveLength(5);
    expectSound(result, clock);
  });

  it('asks in the same words, and hears the same bytes, where nothing changed', async () => {
    const clock = new FakeClock(START);
    const double = await setUp({ clock, held: Array.from({ length: 40 }, (_, index) => row(`r${index}`, -index)) });
    const first = await pulled(source(double), { clock });
    clock.ms = Date.parse(START) + 2 * MINUTE;
    const second = await pulled(source(double), { clock, cursors: first.cursors });
    expect(second.bodies.length).toBeGreaterThan(0);
    for (const body of second.bodies) expect(first.bodies).toContain(body);
    expect(Date.parse(second.cursors.get('SigninLogs') ?? '')).toBe(Date.parse(START) + 2 * MINUTE);
  });

  it('finds rows by ingestion, however late after their event, and those that became readable out of order', async () => {
    const clock = new FakeClock(START);
    const twoDaysOld = new Date(Date.parse(START) - 48 * HOUR).toISOString();
    const held = [
      row('before', -60),
      row('ingested-late', 20, { generated: twoDaysOld }),
      // Its ingestion ended before the first pull, but queries find it only ten minutes later.
      { ...row('readable-late', -1), visibleAt: Date.parse(START) + 10 * MINUTE },
    ];
    const double = await setUp({ clock, held });
    const first = await pulled(source(double), { clock });
    expect(ids(first)).toEqual(['before']);
    clock.ms += HOUR;
    const second = await pulled(source(double), { clock, cursors: first.cursors });
    expect(ids(second).sort()).toEqual(['ingested-late', 'readable-late']);
  });

  it('delivers a row again when a later version of it is ingested', async () => {
    const clock = new FakeClock(START);
    const held = [row('same', -60), { ...row('same', 15), columns: { ...row('same', 15).columns, ConditionalAccessStatus: 'failure' } }];
    const double = await setUp({ clock, held });
    const first = await pulled(source(double), { clock });
    clock.ms += HOUR;
    const second = await pulled(source(double), { clock, cursors: first.cursors });
    expect([ids(first), ids(second)]).toEqual([['same'], ['same']]);
    expect(second.bodies[0]).toContain('failure');
  });

  it('keeps its cursor by the service\'s clock when this machine\'s is ahead', async () => {
    const clock = new FakeClock(START);
    const behind = 45 * MINUTE;
    const held = [row('a', -90), row('b', -40)];
    const double = await setUp({ clock, held, now: () => clock.ms - behind });
    const first = await pulled(source(double), { clock });
    expect(ids(first)).toEqual(['a']);
    expect(Date.parse(first.cursors.get('SigninLogs') ?? '')).toBe(Date.parse(START) - behind);
    clock.ms += HOUR;
    expect(ids(await pulled(source(double), { clock, cursors: first.cursors }))).toContain('b');
  });

  it('goes on after a stop at any step, and loses nothing', async () => {
    const clock = new FakeClock(START);
    const held = Array.from({ length: 30 }, (_, index) => row(`r${String(index).padStart(2, '0')}`, -45 * (30 - index)));
    const double = await setUp({ clock, held });
    const steps = (await pulled(source(double), { clock })).steps.length;
    expect(steps).toBeGreaterThan(3);
    for (let stopAfter = 1; stopAfter < steps; stopAfter += 1) {
      const first = await pulled(source(double), { clock, stopAfter });
      const rest = await pulled(source(double), { clock, cursors: first.cursors });
      expect(new Set([...ids(first), ...ids(rest)])).toEqual(new Set(held.map(({ columns }) => columns['Id'])));
      expectSound(first, clock);
      expectSound(rest, clock);
    }
  });

  it('backfills by the events\' time, just that window, and says no cursor', async () => {
    const clock = new FakeClock(START);
    const at = (minutes: number): string => new Date(Date.parse(START) + minutes * MINUTE).toISOString();
    const held = [
      row('early', -9000, { generated: at(-9003) }), row('in', -8000, { generated: at(-8003) }),
      row('in-but-ingested-later', -60, { generated: at(-8000) }), row('at-the-end', -7000, { generated: at(-7500) }),
    ];
    const double = await setUp({ clock, held });
    const backfill = { from: new Date(at(-8500.5)), to: new Date(at(-7500)) };
    const result = await pulled(source(double), { clock, backfill, cursors: new Map([['SigninLogs', START]]) });
    expect(ids(result)).toEqual(['in', 'in-but-ingested-later']);
    expect(result.steps.every(({ cursor, completeThrough }) => cursor === undefined && completeThrough === undefined)).toBe(true);
  });

  it('refuses a damaged cursor instead of beginning anew', async () => {
    const clock = new FakeClock(START);
    const double = await setUp({ clock, held: [row('a', -60)] });
    const result = await pulled(source(double), { clock, cursors: new Map([['SigninLogs', 'nonsense']]) });
    expect(result.failures[0]?.message).toContain('damaged');
    expect(result.bodies).toEqual([]);
  });
});

describe('limits', () => {
  it('halves the window on a partial failure, lands nothing of it, and moves no cursor until all is there', async () => {
    const clock = new FakeClock(START);
    const held = Array.from({ length: 16 }, (_, index) => row(`r${String(index).padStart(2, '0')}`, -600 - index * 9));
    const partial: Fault = { kind: 'special', name: 'partial_failure' };
    const double = await setUp({ clock, held, fault: onRows(partial, partial) });
    const result = await pulled(source(double), { clock });
    expect(ids(result).sort()).toEqual(held.map(({ columns }) => columns['Id']));
    expect(result.bodies.every((body) => !body.includes('"error":{"code"'))).toBe(true);
    expect(result.failures).toEqual([]);
    expectSound(result, clock);
    const spans = rowQueries(double).slice(0, 3).map((request) => spanOf(request).to - spanOf(request).from);
    expect(spans[1]).toBe((spans[0] ?? 0) / 2);
    expect(spans[2]).toBe((spans[0] ?? 0) / 4);
  });

  it('shares by id what even one second holds too much of, down to the service\'s row limit', async () => {
    const clock = new FakeClock(START);
    const held = [...Array.from({ length: 60 }, (_, index) => row(`x${index}`, -600)), row('after', -500)];
    const double = await setUp({ clock, held, rowLimit: 9 });
    const result = await pulled(source(double), { clock });
    expect(ids(result).sort()).toEqual(held.map(({ columns }) => String(columns['Id'])).sort());
    expect(new Set(result.steps.flatMap(({ delivered }) => delivered.map(({ origin }) => origin))).size).toBe(result.bodies.length);
    expect(result.steps[0]?.delivered[0]?.origin).toMatch(/&share=\d+\/\d+$/);
    expect(result.steps[0]?.cursor).toBeUndefined();
    expectSound(result, clock);
  });

  it('takes an answer at the limit of rows for cut off', async () => {
    const clock = new FakeClock(START);
    const held = [row('a', -700), row('b', -650), row('c', -600)];
    const double = await setUp({ clock, held });
    const result = await pulled(source(double, {}, { rowLimit: 3 }), { clock });
    expect(ids(result)).toEqual(['a', 'b', 'c']);
    expect(result.bodies.length).toBeGreaterThan(1);
  });

  it('asks for no more than an answer may hold, by count, before it asks', async () => {
    const clock = new FakeClock(START);
    const held = Array.from({ length: 7000 }, (_, index) => row(`n${index}`, -400 - (index % 300) / 60));
    const double = await setUp({ clock, held });
    const result = await pulled(source(double), { clock });
    expect(result.bodies.length).toBeGreaterThan(1);
    expect(Math.max(...result.bodies.map((body) => body.length))).toBeLessThan(8 * 1024 * 1024);
    expect(new Set(ids(result)).size).toBe(7000);
    expect(ids(result)).toHaveLength(7000);
  }, 30_000);

  it('gives up on a part that stays partial at its least, keeping what came before', async () => {
    const clock = new FakeClock(START);
    const bad = Date.parse(START) - 100 * MINUTE;
    const double = await setUp({
      clock, held: [row('fine', -900), row('bad', -100)],
      fault: (request) => (asksForRows(request) && spanOf(request).from <= bad && spanOf(request).to > bad ? { kind: 'special', name: 'partial_failure' } : undefined),
    });
    const result = await pulled(source(double), { clock });
    expect(ids(result)).toEqual(['fine']);
    expect(result.failures).toHaveLength(1);
    expect(result.failures[0]?.message).toMatch(/gave up after \d+ attempts in \d+ s: a partial answer \(PartialError\)/);
    expect(Date.parse(result.cursors.get('SigninLogs') ?? '')).toBeLessThanOrEqual(bad);
  });

  it('keeps below 200 requests in 30 s', async () => {
    const clock = new FakeClock(START);
    const held = Array.from({ length: 300 }, (_, index) => row(`p${index}`, -1400 + index * 4.5));
    const began: number[] = [];
    const double = await setUp({ clock, held, fault: () => { began.push(clock.ms); return undefined; } });
    await pulled(source(double, { window_minutes: 5 }), { clock });
    expect(began.length).toBeGreaterThan(200);
    for (let index = 200; index < began.length; index += 1) expect((began[index] ?? 0) - (began[index - 200] ?? 0)).toBeGreaterThan(30_000);
  }, 30_000);
});

describe('faults', () => {
  const passing: readonly (readonly [string, Fault])[] = [
    ['429 without Retry-After', { kind: 'throttle' }],
    ['429 with Retry-After', { kind: 'throttle', retryAfterSeconds: 7 }],
    ['a gateway\'s page', { kind: 'status', status: 502 }],
    ['503', { kind: 'status', status: 503 }],
    ['a reset', { kind: 'reset' }],
    ['a reset in mid-body', { kind: 'reset_mid_body' }],
    ['a hang', { kind: 'hang' }],
    ['bytes that come too slowly', { kind: 'slow_bytes', pauseMs: 250 }],
    ['a body that is no JSON', { kind: 'special', name: 'unreadable' }],
  ];

  it.each(passing)('is not stopped by %s', async (_, fault) => {
    const clock = new FakeClock(START);
    const double = await setUp({ clock, held: [row('a', -90)], fault: onRows(fault) });
    const result = await pulled(source(double), { clock });
    expect(result.failures).toEqual([]);
    expect(ids(result)).toEqual(['a']);
    expectSound(result, clock);
    const retries = result.events.filter(({ kind }) => kind === 'retry');
    expect(retries).toHaveLength(1);
    expect(rowQueries(double)).toHaveLength(2);
    if (fault.kind === 'throttle' && fault.retryAfterSeconds !== undefined) expect(clock.slept.some((ms) => ms >= 7000)).toBe(true);
  });

  it('takes slow bytes that end in time', async () => {
    const clock = new FakeClock(START);
    const double = await setUp({ clock, held: [row('a', -90)], fault: onRows({ kind: 'slow_bytes', pauseMs: 20 }) });
    const result = await pulled(source(double), { clock });
    expect(result.events.filter(({ kind }) => kind === 'retry')).toEqual([]);
    expect(ids(result)).toEqual(['a']);
  });

  it('asks for less when the service runs out of time (504)', async () => {
    const clock = new FakeClock(START);
    const double = await setUp({ clock, held: [row('a', -700), row('b', -600)], fault: onRows({ kind: 'status', status: 504 }) });
    const result = await pulled(source(double), { clock });
    expect(ids(result)).toEqual(['a', 'b']);
    expect(rowQueries(double).length).toBeGreaterThan(2);
  });

  it('gives up on throttling at its deadline, and says so', async () => {
    const clock = new FakeClock(START);
    const double = await setUp({ clock, held: [row('a', -90)], fault: (request) => (asksForRows(request) ? { kind: 'throttle' } : undefined) });
    const result = await pulled(source(double, { deadline_minutes: 5 }), { clock });
    expect(result.failures[0]?.message).toMatch(/^query SigninLogs: gave up after \d+ attempts in \d+ s: throttled \(HTTP 429\)$/);
    expect(clock.ms - Date.parse(START)).toBeLessThanOrEqual(6 * MINUTE);
    expect(result.bodies).toEqual([]);
  });

  it('fetches another token once when the one in use is refused in mid-run', async () => {
    const clock = new FakeClock(START);
    const credential = new CountingCredential();
    const double = await setUp({ clock, held: [row('a', -90)], fault: onRows({ kind: 'expired_credentials' }) });
    const result = await pulled(source(double, {}, { credential }), { clock });
    expect(ids(result)).toEqual(['a']);
    expect(credential.given).toBe(2);
    expect(double.requests.at(-1)?.headers['authorization']).toBe(`Bearer ${TOKEN}-2`);
  });

  it('ends when the new token is refused too, telling nothing of either', async () => {
    const clock = new FakeClock(START);
    const double = await setUp({ clock, held: [row('a', -90)], authorize: () => 'unauthenticated' });
    const result = await pulled(source(double), { clock });
    expect(double.requests).toHaveLength(2);
    expect(result.failures[0]?.message).toBe('the log service answered HTTP 401 (InvalidTokenError)');
    expectSound(result, clock);
  });

  it('names the role where access is denied', async () => {
    const clock = new FakeClock(START);
    const double = await setUp({ clock, held: [row('a', -90)], authorize: () => 'forbidden' });
    const result = await pulled(source(double, { directory_audits: true }), { clock });
    expect(result.failures.map(({ stream }) => stream)).toEqual(['SigninLogs', 'AuditLogs']);
    expect(result.failures[0]?.hint).toContain('Log Analytics Reader');
    expect(double.requests).toHaveLength(1);
  });

  it('goes on with other tables where the workspace lacks one, and names the category to switch on', async () => {
    const clock = new FakeClock(START);
    const double = await setUp({ clock, held: [row('a', -90), row('m', -80, { table: 'AADManagedIdentitySignInLogs' })], emptyTables: [] });
    const result = await pulled(source(double, { sign_in_kinds: ['interactive_user', 'service_principal', 'managed_identity'] }), { clock });
    expect(ids(result).sort()).toEqual(['a', 'm']);
    expect(result.failures).toHaveLength(1);
    expect(result.failures[0]?.stream).toBe('AADServicePrincipalSignInLogs');
    expect(result.failures[0]?.hint).toContain('ServicePrincipalSignInLogs');
    expect(result.cursors.has('AADServicePrincipalSignInLogs')).toBe(false);
  });

  it('does not trust a certificate that it was not given', async () => {
    const clock = new FakeClock(START);
    const double = await setUp({ clock, held: [row('a', -90)] });
    const untrusting = entraLogs(
      entraLogsSchema.parse({ type: 'entra-logs', id: 'logs', tenant_id: TENANT, workspace_id: WORKSPACE, endpoint: double.url }), { credential: new CountingCredential() },
    );
    const result = await pulled(untrusting, { clock });
    expect(result.failures).toHaveLength(5);
    expect(result.failures[0]?.hint).toContain('NODE_EXTRA_CA_CERTS');
    expect(double.requests).toEqual([]);
  });

  it('stops at once when the run ends, in mid-request too', async () => {
    const clock = new FakeClock(START);
    const end = new AbortController();
    const double = await setUp({
      clock, held: [row('a', -90)],
      fault: (request) => {
        if (!asksForRows(request)) return undefined;
        setTimeout(() => { end.abort(new Error('the run ends')); }, 10);
        return { kind: 'hang' };
      },
    });
    await expect(pulled(source(double, {}, { requestTimeoutMs: 60_000 }), { clock, signal: end.signal })).rejects.toThrow('the run ends');
  });
});
