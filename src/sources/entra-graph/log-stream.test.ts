import { afterEach, describe, expect, test } from 'vitest';
import type { Fault } from '../../../fixtures/doubles/double-server.ts';
import type { GraphDoubleOptions, GraphLogRow } from '../../../fixtures/doubles/graph.ts';
import type { GraphGiven } from './index.ts';
import { Bench, HOUR, MINUTE, NOON, TENANT, TOKEN, delivered, failuresOf, ids, rows, signIn } from '../../../test/graph-bench.ts';

let bench: Bench | undefined;
afterEach(async () => bench?.double.close());

async function start(options: Omit<GraphDoubleOptions, 'now'>, config: Readonly<Record<string, unknown>> = {}, given: GraphGiven = {}): Promise<Bench> {
  bench = await Bench.start(options, config, given);
  return bench;
}

/** One every so many minutes through a day back. */
function every(minutes: number, rest: Partial<GraphLogRow> = {}, from = NOON - 24 * HOUR, to = NOON): GraphLogRow[] {
  return Array.from({ length: Math.floor((to - from) / (minutes * MINUTE)) }, (_, index) => signIn(from + index * minutes * MINUTE, rest));
}
const idsOf = (list: readonly GraphLogRow[]): string[] => [...new Set(list.map(({ id }) => id))].sort();
/** A fault for the n-th request of a kind. */
function nth(number: number, fault: Fault, of: (url: URL) => boolean = () => true): NonNullable<GraphDoubleOptions['fault']> {
  let seen = 0;
  return ({ url }) => (of(url) && ++seen === number ? fault : undefined);
}
const isCount = (url: URL): boolean => url.searchParams.has('$select');
const isNext = (url: URL): boolean => url.searchParams.has('$skiptoken');

describe('a first pull', () => {
  test('asks each kind for itself, window by window, and delivers every row as it came', async () => {
    const people = every(20);
    const quiet = every(60, { eventType: 'nonInteractiveUser' });
    const { config, ...it } = await start({ signIns: () => [...people, ...quiet] }, { sign_in_kinds: ['interactive_user', 'non_interactive_user'] });
    const { steps, error } = await bench!.pull();
    expect(error).toBeUndefined();
    expect(ids(steps)).toEqual(idsOf([...people, ...quiet]));
    const mine = steps.filter(({ stream }) => stream === 'sign_ins/interactive_user');
    expect(ids(mine)).toEqual(idsOf(people));
    expect(mine[0]).toMatchObject({ covers: [{ of: 'sign_ins', tenantId: TENANT, signInKind: 'interactive_user' }], window: { from: new Date(NOON - 24 * HOUR) } });
    expect(delivered(mine)[0]).toMatchObject({
      tenantId: TENANT,
      origin: "beta/auditLogs/signIns?$filter=createdDateTime ge 2026-03-09T12:00:00Z and createdDateTime le 2026-03-09T18:00:00Z and signInEventTypes/any(t: t eq 'interactiveUser')&$top=1000 page 1",
    });
    expect(delivered(mine)[0]?.bytes.toString()).toMatch(/^\{"@odata\.context":"https:\/\/127\.0\.0\.1:\d+\/beta\/\$metadata#auditLogs\/signIns","value":\[/);
    // Of each kind 3 windows of 6 h, 8 of half an hour, and 4 that may still change; one count of the 11.
    expect(it.double.server.requests).toHaveLength(2 * (15 + 1));
    for (const { headers } of it.double.server.requests) {
      expect(headers).toMatchObject({ prefer: 'include-unknown-enum-members', authorization: `Bearer ${TOKEN}0` });
    }
    expect(config.tenant_id).toBe(TENANT);
  });

  test('directory audits have a stream and a time of their own', async () => {
    const audits = every(45).map((row) => ({ ...row, body: { id: row.id, activityDateTime: row.body['createdDateTime'], activityDisplayName: 'Disable account' } }));
    await start({ directoryAudits: () => audits }, { directory_audits: true });
    const { steps, error } = await bench!.pull();
    expect(error).toBeUndefined();
    const mine = steps.filter(({ stream }) => stream === 'directory_audits');
    expect(ids(mine)).toEqual(idsOf(audits));
    expect(mine[0]?.covers).toEqual([{ of: 'directory_audits', tenantId: TENANT }]);
  });

  test('pages are followed whole; no step holds more than one, and only the last moves the cursor', async () => {
    const people = every(1, {}, NOON - 20 * MINUTE);
    await start({ signIns: () => people, pageSize: 7 });
    const { steps, error } = await bench!.pull();
    expect(error).toBeUndefined();
    expect(ids(steps)).toEqual(idsOf(people));
    const last = steps.filter(({ window }) => window?.to.getTime() === NOON);
    expect(last.map(({ delivered: pages, cursor }) => [pages.length, cursor])).toEqual([[1, undefined], [1, undefined], [1, '2026-03-10T12:00:00.000Z']]);
    expect(last.flatMap((step) => step.delivered.map(({ origin }) => origin.slice(-6)))).toEqual(['page 1', 'page 2', 'page 3']);
    expect(delivered(steps).map(({ origin }) => origin).join()).not.toContain('skiptoken');
  });

  test('the cursor goes only forward, and completeness is it less the overlap', async () => {
    const people = every(20);
    await start({ signIns: () => people });
    const first = await bench!.pull();
    bench!.clock.ms = NOON + 20 * MINUTE;
    const second = await bench!.pull();
    for (const { steps } of [first, second]) {
      const cursors = steps.flatMap(({ cursor, completeThrough }) => (cursor === undefined ? [] : [[Date.parse(cursor), completeThrough?.getTime()] as const]));
      expect(cursors.length).toBeGreaterThan(0);
      expect([...cursors].sort(([one], [other]) => one - other)).toEqual(cursors);
      for (const [cursor, through] of cursors) expect(through).toBe(cursor - 2 * HOUR);
    }
    const begun = second.steps[0]?.window?.from.getTime();
    expect(begun).toBe(NOON - 2 * HOUR);
    expect(bench!.cursors.get('sign_ins/interactive_user')).toBe('2026-03-10T12:20:00.000Z');
    expect(second.steps.filter(({ cursor }) => cursor !== undefined && Date.parse(cursor) <= NOON)).toEqual([]);
  });

  test('a gzipped answer is delivered unpacked', async () => {
    const people = every(30);
    await start({ signIns: () => people, gzip: true });
    const { steps, error } = await bench!.pull();
    expect(error).toBeUndefined();
    expect(ids(steps)).toEqual(idsOf(people));
  });
});

describe('a backlog of a busy tenant', () => {
  test('is asked for in short windows once a long one took many pages', async () => {
    const people = every(5);
    await start({ signIns: () => people, pageSize: 3 });
    const { steps, error } = await bench!.pull();
    expect(error).toBeUndefined();
    expect(ids(steps)).toEqual(idsOf(people));
    const lengths = [...new Set(steps.filter((step) => step.delivered.length > 0).map(({ window }) => (window!.to.getTime() - window!.from.getTime()) / MINUTE))];
    expect(lengths).toEqual([360, 30]);
    expect(steps.filter(({ window }) => window!.to.getTime() - window!.from.getTime() === 6 * HOUR && delivered(steps).length > 0)).not.toEqual([]);
  });

  test('whose next links don’t last through a long window is too', async () => {
    const people = every(10);
    await start({ signIns: () => people, pageSize: 4, fault: ({ url }) => (isNext(url) && !isCount(url) && url.search.includes('ge%202026-03-09T12:00') ? { kind: 'special', name: 'expired_next_link' } : undefined) });
    const { steps, error } = await bench!.pull();
    expect(error).toBeUndefined();
    expect(ids(steps)).toEqual(idsOf(people));
  });
});

describe('the overlap', () => {
  test('brings late rows and new versions; what did not change comes as the same content', async () => {
    const late = signIn(NOON - 50 * MINUTE, { lagMs: 70 * MINUTE });
    const id = '5a000000-0000-4000-8000-000000000001';
    const versions = [signIn(NOON - 29 * MINUTE, { id }), signIn(NOON - 29 * MINUTE, { id, lagMs: 60 * MINUTE, body: { riskState: 'atRisk' } })];
    const others = every(20, {}, NOON - 24 * HOUR, NOON - 40 * MINUTE);
    await start({ signIns: () => [late, ...versions, ...others], pageSize: 2 });
    const first = await bench!.pull();
    expect(ids(first.steps)).not.toContain(late.id);
    bench!.clock.ms = NOON + 40 * MINUTE;
    const second = await bench!.pull();
    expect(ids(second.steps)).toContain(late.id);
    expect(rows(second.steps).filter((row) => row['id'] === id)).toMatchObject([{ riskState: 'atRisk' }]);
    // Its tokens differ each time; nothing else does but in the two windows.
    const contentOf = ({ content, bytes }: { content?: Buffer; bytes: Buffer }): string => (content ?? bytes).toString();
    const before = new Set(delivered(first.steps).map(contentOf));
    const changed = delivered(second.steps).filter((page) => !before.has(contentOf(page)) && page.bytes.includes('createdDateTime'));
    expect(new Set(changed.map(({ origin }) => /ge 2026-03-10T(\d\d:\d\d)/.exec(origin)?.[1]))).toEqual(new Set(['11:00', '11:30']));
  });
});

describe('the second count', () => {
  test('finds rows that an answer left out, and the window is read again', async () => {
    const people = every(10);
    // The fourth window: past its overlap.
    await start({ signIns: () => people, fault: nth(4, { kind: 'special', name: 'half_of_the_rows' }) });
    const { steps, error, events } = await bench!.pull();
    expect(error).toBeUndefined();
    expect(ids(steps)).toEqual(idsOf(people));
    expect(events.filter(({ kind }) => kind === 'warning')).toMatchObject([{ message: 'the second count differs, and is read again: 2026-03-10T06:00:00Z to 2026-03-10T06:30:00Z (2 rows at first, 4 when counted)' }]);
    const windows = steps.filter(({ window }) => window?.from.toISOString() === '2026-03-10T06:00:00.000Z');
    expect(windows).toHaveLength(2);
    // The cursor passes it only after that.
    const passed = steps.findIndex(({ cursor }) => cursor !== undefined);
    expect(passed).toBeGreaterThan(steps.indexOf(windows[1]!));
  });

  test('that never agrees leaves the cursor where it is, says so, and stops no other stream', async () => {
    const people = every(10);
    const quiet = every(30, { eventType: 'managedIdentity' });
    await start(
      { signIns: () => [...people, ...quiet], fault: ({ url }) => (isCount(url) && url.search.includes('interactiveUser') ? { kind: 'special', name: 'half_of_the_rows' } : undefined) },
      { sign_in_kinds: ['interactive_user', 'managed_identity'] },
    );
    const { steps, error } = await bench!.pull();
    const failures = failuresOf(error);
    expect(failures).toMatchObject([{ stream: 'sign_ins/interactive_user' }]);
    expect(failures[0]?.message).toMatch(/gave other rows each time it was asked for 2026-03-09T12:00:00Z to/);
    expect(bench!.cursors.has('sign_ins/interactive_user')).toBe(false);
    expect(ids(steps.filter(({ stream }) => stream === 'sign_ins/managed_identity'))).toEqual(idsOf(quiet));
    expect(bench!.cursors.get('sign_ins/managed_identity')).toBe('2026-03-10T12:00:00.000Z');
  });

  test('counts pages too, and is never landed', async () => {
    const people = every(3);
    await start({ signIns: () => people, pageSize: 4 });
    const { steps, error } = await bench!.pull();
    expect(error).toBeUndefined();
    expect(ids(steps)).toEqual(idsOf(people));
    for (const row of rows(steps)) expect(row).toHaveProperty('userPrincipalName');
  });
});

describe('faults', () => {
  const KINDS: [string, Fault, Partial<GraphGiven>?][] = [
    ['throttling without Retry-After', { kind: 'throttle' }],
    ['throttling with it', { kind: 'throttle', retryAfterSeconds: 30 }],
    ['503', { kind: 'status', status: 503 }],
    ['500', { kind: 'status', status: 500 }],
    ['a reset', { kind: 'reset' }],
    ['a reset amid a body', { kind: 'reset_mid_body' }],
    ['a body cut short', { kind: 'special', name: 'cut_json' }],
    ['a hang', { kind: 'hang' }, { idleMs: 200 }],
    ['a token that expired', { kind: 'expired_credentials' }],
    ['an empty page with a next link', { kind: 'special', name: 'empty_page' }],
    ['a row twice', { kind: 'special', name: 'duplicate' }],
  ];
  test.each(KINDS)('%s on a first page, a next page and a count costs no row', async (_, fault, given) => {
    const people = every(5);
    const faults = [nth(2, fault, (url) => !isNext(url) && !isCount(url)), nth(2, fault, isNext), nth(1, fault, isCount)];
    await start({ signIns: () => people, pageSize: 4, fault: (request) => faults.map((one) => one(request)).find((one) => one !== undefined) }, {}, given);
    const { steps, error } = await bench!.pull();
    expect(error).toBeUndefined();
    expect(bench!.double.server.faults).toHaveLength(3);
    expect(ids(steps)).toEqual(idsOf(people));
    expect(bench!.cursors.get('sign_ins/interactive_user')).toBe(new Date(NOON).toISOString());
  });

  test('slow bytes are waited for', async () => {
    const people = every(60);
    await start({ signIns: () => people, fault: nth(2, { kind: 'slow_bytes', pauseMs: 60 }) }, {}, { idleMs: 10_000 });
    const { steps, error, events } = await bench!.pull();
    expect(error).toBeUndefined();
    expect(events.some(({ kind }) => kind === 'retry')).toBe(false);
    expect(ids(steps)).toEqual(idsOf(people));
  });

  test('what Graph asks to wait is waited, by all streams', async () => {
    const people = every(60);
    let throttledAt = 0;
    await start(
      { signIns: () => people, fault: ({ number }) => { if (number !== 3) return undefined; throttledAt = bench!.clock.ms; return { kind: 'throttle', retryAfterSeconds: 120 }; } },
      { sign_in_kinds: ['interactive_user', 'service_principal'], first_days: 1 },
    );
    const { error, events } = await bench!.pull();
    expect(error).toBeUndefined();
    const waits = events.flatMap((event) => (event.kind === 'retry' ? [event] : []));
    expect(waits).toMatchObject([{ operation: 'GET beta/auditLogs/signIns', reason: 'throttled (429)', waitMs: 120_500 }]);
    expect(bench!.clock.ms - throttledAt).toBeGreaterThanOrEqual(120_000);
  });

  test('next links that expire begin the query anew; for good, the stream fails', async () => {
    const people = every(5);
    await start({ signIns: () => people, pageSize: 4, fault: nth(3, { kind: 'special', name: 'expired_next_link' }, isNext) });
    const first = await bench!.pull();
    expect(first.error).toBeUndefined();
    expect(ids(first.steps)).toEqual(idsOf(people));
    await bench!.double.close();
    await start({ signIns: () => people, pageSize: 2, fault: ({ url }) => (isNext(url) ? { kind: 'special', name: 'expired_next_link' } : undefined) });
    const second = await bench!.pull();
    expect(failuresOf(second.error)[0]?.message).toBe('GET beta/auditLogs/signIns answered 400');
  });

  test('a link to another host gets no token, and one that leads in a circle ends', async () => {
    const people = every(5);
    await start({ signIns: () => people, pageSize: 4, fault: nth(1, { kind: 'special', name: 'foreign_next_link' }) });
    expect(failuresOf((await bench!.pull()).error)[0]?.message).toContain('its next page is said to be on another host');
    await bench!.double.close();
    let link = 0;
    await start({ signIns: () => people, pageSize: 4, fault: () => (++link > 0 ? { kind: 'special', name: 'circular_next_link' } : undefined) });
    const { error, steps } = await bench!.pull();
    expect(error === undefined ? '' : failuresOf(error)[0]?.message).toContain('leads back');
    expect(steps.length).toBeLessThan(20);
  });

  test('a service that only throttles is given up at the deadline, stated', async () => {
    await start({ fault: () => ({ kind: 'throttle' }) }, { deadline_minutes: 2 });
    const { error, steps } = await bench!.pull();
    expect(steps).toEqual([]);
    expect(failuresOf(error)).toMatchObject([{ stream: 'sign_ins/interactive_user', message: expect.stringMatching(/^GET beta\/auditLogs\/signIns: gave up after \d+ attempts in \d+ s: throttled \(429\)$/) as string }]);
    expect(bench!.clock.ms - NOON).toBeLessThanOrEqual(2 * MINUTE + 30_000);
  });

  test('a token that nears its end is renewed before it is used', async () => {
    const people = every(10, {}, NOON - 6 * HOUR);
    const givenAt = new Map<string, number>();
    await start({
      signIns: () => people,
      pageSize: 1,
      token: (token) => {
        if (!givenAt.has(token)) givenAt.set(token, bench!.clock.ms);
        return bench!.clock.ms - (givenAt.get(token) ?? 0) < 6 * MINUTE ? 'valid' : 'expired';
      },
    });
    bench!.tokenMs = 6 * MINUTE;
    const { steps, error, events } = await bench!.pull();
    expect(error).toBeUndefined();
    expect(ids(steps)).toEqual(idsOf(people));
    expect(events.filter(({ kind }) => kind === 'retry')).toEqual([]);
    expect(bench!.tokens.length).toBeGreaterThan(2);
    expect(bench!.requests).toHaveLength(events.filter(({ kind }) => kind === 'request').length);
  });

  test('whoever gives tokens and hangs holds up no abort', async () => {
    await start({}, {}, { credential: { getToken: async () => new Promise(() => undefined) } });
    const controller = new AbortController();
    setTimeout(() => { controller.abort(new Error('the run has ended')); }, 20);
    expect((await bench!.pull({ signal: controller.signal })).error).toMatchObject({ message: 'the run has ended' });
    expect(bench!.requests).toEqual([]);
  });

  test('a token refused twice is final, and no word of it is told', async () => {
    await start({ token: () => 'expired' });
    const { error, events } = await bench!.pull();
    expect(failuresOf(error)).toMatchObject([{ message: 'GET beta/auditLogs/signIns answered 401 InvalidAuthenticationToken', hint: expect.stringContaining('tenant_id') as string }]);
    expect(bench!.tokens).toHaveLength(2);
    expect(JSON.stringify([events, failuresOf(error)])).not.toContain('c2VjcmV0');
  });

  test('a missing permission and a missing licence name what to grant', async () => {
    await start({ permissions: () => new Set() });
    expect(failuresOf((await bench!.pull()).error)[0]?.hint).toBe("grant the app Microsoft Graph's application permission AuditLog.Read.All, and an administrator's consent to it");
    await bench!.double.close();
    await start({ isLicensed: () => false });
    expect(failuresOf((await bench!.pull()).error)[0]?.hint).toContain('Entra ID P1 or P2');
    expect(bench!.requests).toHaveLength(1);
  });

  test('a certificate that nobody trusts is no retry, and a hint', async () => {
    await start({});
    const { error, events } = await bench!.pull({ source: bench!.source() });
    expect(error).toBeUndefined();
    expect(events.length).toBeGreaterThan(0);
    await bench!.double.close();
    bench = await Bench.start({}, {}, { ca: '' });
    const untrusted = await bench.pull();
    expect(failuresOf(untrusted.error)[0]?.hint).toContain('NODE_EXTRA_CA_CERTS');
  });
});

describe('the limit', () => {
  test('of 5 requests in 10 s is kept over all streams, also where Graph enforces it', async () => {
    const people = every(30);
    await start({ signIns: () => people, throttle: {} }, { sign_in_kinds: ['interactive_user', 'non_interactive_user', 'service_principal', 'managed_identity'], directory_audits: true });
    bench!.isPatient = true;
    const { error, events } = await bench!.pull();
    expect(error).toBeUndefined();
    expect(bench!.requests).toHaveLength(5 * (15 + 1));
    expect(events.filter(({ kind }) => kind === 'retry')).toEqual([]);
  });
});

describe('clocks', () => {
  test('one that is ahead keeps windows open for as much longer, and is told of', async () => {
    const late = signIn(NOON - 100 * MINUTE, { lagMs: 110 * MINUTE });
    const people = [late, ...every(20)];
    await start({ signIns: () => people });
    bench!.aheadMs = 90 * MINUTE;
    const first = await bench!.pull();
    expect(first.error).toBeUndefined();
    expect(first.events.filter(({ kind }) => kind === 'warning')).toMatchObject([{ message: expect.stringMatching(/clock is 54\d\d s ahead/) as string }]);
    expect(Date.parse(bench!.cursors.get('sign_ins/interactive_user') ?? '')).toBeLessThanOrEqual(bench!.clock.ms);
    expect(ids(first.steps)).not.toContain(late.id);
    bench!.clock.ms = NOON + 15 * MINUTE;
    expect(ids((await bench!.pull()).steps)).toContain(late.id);
  });

  test('a cursor of a clock that was wrong, or none at all, is pulled anew', async () => {
    const people = every(30);
    await start({ signIns: () => people });
    for (const cursor of ['2031-01-01T00:00:00.000Z', 'nonsense']) {
      bench!.cursors.set('sign_ins/interactive_user', cursor);
      const { steps, events } = await bench!.pull();
      expect(ids(steps)).toEqual(idsOf(people));
      expect(events).toContainEqual({ kind: 'warning', stream: 'sign_ins/interactive_user', message: "its cursor lies ahead of this machine's clock, or is no time: it is pulled anew" });
      bench!.clock.ms = NOON;
    }
  });
});

describe('stops', () => {
  test('after any step, the next pull goes on and nothing is missing', async () => {
    const people = every(30);
    await start({ signIns: () => people, pageSize: 2 });
    const whole = await bench!.pull();
    for (let after = 1; after < whole.steps.length; after += 2) {
      bench!.cursors.clear();
      bench!.clock.ms = NOON;
      const stopped = await bench!.pull({ steps: after });
      const cursor = bench!.cursors.get('sign_ins/interactive_user');
      // Nothing that the cursor less its overlap has passed is missing from what was delivered.
      const passed = people.filter(({ at }) => at < Date.parse(cursor ?? '1970-01-01T00:00:00Z') - 2 * HOUR);
      expect(ids(stopped.steps)).toEqual(expect.arrayContaining(idsOf(passed)));
      const rest = await bench!.pull();
      expect(ids([...stopped.steps, ...rest.steps])).toEqual(idsOf(people));
    }
  }, 60_000);

  test('an abort ends it with its reason, amid a request too', async () => {
    const controller = new AbortController();
    await start({ signIns: () => every(30), fault: ({ number }) => { if (number !== 4) return undefined; setTimeout(() => { controller.abort(new Error('the run has ended')); }, 50); return { kind: 'hang' }; } });
    const { error } = await bench!.pull({ signal: controller.signal });
    expect(error).toMatchObject({ message: 'the run has ended' });
  });
});

describe('a backfill', () => {
  test('pulls exactly its window and moves no cursor', async () => {
    const people = every(10, {}, NOON - 72 * HOUR, NOON);
    await start({ signIns: () => people, fault: nth(1, { kind: 'special', name: 'half_of_the_rows' }) });
    const backfill = { from: new Date(NOON - 60 * HOUR - 10 * MINUTE), to: new Date(NOON - 57 * HOUR + 5 * MINUTE) };
    const { steps, error } = await bench!.pull({ backfill });
    expect(error).toBeUndefined();
    expect(ids(steps)).toEqual(idsOf(people.filter(({ at }) => at >= backfill.from.getTime() && at <= backfill.to.getTime())));
    expect(steps.filter(({ cursor, completeThrough }) => cursor !== undefined || completeThrough !== undefined)).toEqual([]);
    expect(bench!.requests.every(({ url }) => !/ge 2026-03-(09|10)/.test(url.searchParams.get('$filter') ?? ''))).toBe(true);
  });
});
