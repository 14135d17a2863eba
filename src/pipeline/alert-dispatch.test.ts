/**
 * Delivery: nothing lost, nothing twice to a receiver that honours the key, whatever fails and wherever the process dies. Time is a
 * fake clock's; the log is a real file.
 */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Alert } from '../alerts/alert.ts';
import { ChannelError, type Channel } from '../alerts/channel.ts';
import { alertLines, openAlertLog, type AlertLine } from '../landing/alert-log.ts';
import { dispatch, type ChannelOutcome, type ChannelRest, type Outgoing } from './alert-dispatch.ts';
import { testAlert } from './alert-test.ts';

/** Messages of one group, where a test has some. */
let GROUPS: Readonly<Record<string, string>> = {};

const START = Date.parse('2026-01-15T09:00:00Z');
const HOUR = 3_600_000;

let data: string;
let clock: number;
beforeEach(() => {
  data = mkdtempSync(join(tmpdir(), 'whoran-dispatch-'));
  mkdirSync(join(data, 'landing'));
  clock = START;
  GROUPS = {};
});
afterEach(() => {
  rmSync(data, { recursive: true, force: true });
});

const effects = { now: (): Date => new Date(clock), sleep: async (ms: number): Promise<void> => { clock += ms; return Promise.resolve(); }, random: (): number => 0.5 };

/** A service that keeps what it takes. `answer` decides about each call: null takes it. */
class Service {
  readonly taken: string[] = [];
  calls = 0;
  readonly answer: (call: number) => ChannelError | null;

  constructor(answer: (call: number) => ChannelError | null = (): null => null) {
    this.answer = answer;
  }

  get channel(): Channel {
    return {
      id: 'one', type: 'fake', notices: ['test'], honoursKey: true, target: 'nowhere',
      render: () => ({ content_type: 'text/plain', body: '', headers: {}, cuts: [] }),
      send: async (alert: Alert) => {
        this.calls += 1;
        const failure = this.answer(this.calls);
        if (failure) throw failure;
        this.taken.push(alert.key);
        return Promise.resolve({ id: `r${this.calls}` });
      },
    };
  }
}

/** What the log says is still to be sent now, as the alert phase reads it. */
function unsent(): Outgoing[] {
  const messages = new Map<string, { plannedAt: Date; attempts: number; last: AlertLine }>();
  for (const line of alertLines(data)) {
    if (line.kind === 'planned') messages.set(line.key, { plannedAt: new Date(line.at), attempts: 0, last: line });
    else if (line.kind !== 'finding') {
      const message = messages.get(line.key);
      if (message) messages.set(line.key, { ...message, attempts: message.attempts + (line.kind === 'sending' ? 1 : 0), last: line });
    }
  }
  // As unsent.sql: groups whose first message was tried least come first.
  const firsts = new Map<string, number>();
  for (const [key, { attempts, last }] of messages) if (last.kind !== 'sent' && !firsts.has(GROUPS[key] ?? key)) firsts.set(GROUPS[key] ?? key, attempts);
  const ordered = [...messages].sort(([a], [b]) => (firsts.get(GROUPS[a] ?? a) ?? 0) - (firsts.get(GROUPS[b] ?? b) ?? 0));
  return ordered.flatMap(([key, { plannedAt, attempts, last }]) => {
    const isOver = last.kind === 'sent' || (last.kind === 'failed' && (last.retry_at === null || Date.parse(last.retry_at) > clock));
    return isOver ? [] : [{ key, channel: 'one', group: GROUPS[key] ?? key, attempts, plannedAt, compose: async () => Promise.resolve(testAlert(key, 'one', effects.now())) }];
  });
}

function plan(...keys: string[]): void {
  const log = openAlertLog(data);
  log.append(keys.map((key) => ({ kind: 'planned' as const, at: effects.now().toISOString(), key, channel: 'one', notice: 'test', group_key: key, finding_ids: [], openings: [] })));
  log.close();
}

/** Until when the log says that the channel is left alone: of the failures since it last took a message. */
function rests(): ReadonlyMap<string, ChannelRest> {
  const ends = [...alertLines(data)].filter(({ kind }) => kind === 'sent' || kind === 'failed');
  const since = ends.slice(ends.findLastIndex(({ kind }) => kind === 'sent') + 1);
  const faults = since.flatMap((line) => (line.kind === 'failed' && line.channel_retry_at !== undefined ? [{ message: line.message, until: new Date(line.channel_retry_at) }] : []));
  const last = faults.at(-1);
  return new Map(last ? [['one', { ...last, runs: faults.length }]] : []);
}

async function run(service: Service, options: { signal?: AbortSignal; ratePerMinute?: number; crashAt?: number; budgetMs?: number; channel?: Channel } = {}): Promise<ChannelOutcome> {
  const log = openAlertLog(data);
  let writes = 0;
  const crashing = { append: (entries: Parameters<typeof log.append>[0]): ReturnType<typeof log.append> => {
    writes += 1;
    if (writes === options.crashAt) throw new Crash();
    return log.append(entries);
  } };
  try {
    return await dispatch(options.channel ?? service.channel, unsent(), {
      log: crashing, effects, signal: options.signal ?? new AbortController().signal, scrub: (text) => text.replaceAll('s3cret', '[hidden]'), giveUpAfterHours: 24,
      limits: new Map([['one', { timeoutMs: 1000, ratePerMinute: options.ratePerMinute ?? 600_000 }]]), rests: rests(), budgetMs: options.budgetMs ?? 120_000,
    });
  } finally {
    log.close();
  }
}
class Crash extends Error {}

const down = (more: { retryAfterMs?: number; isTransient?: boolean } = {}): ChannelError => new ChannelError('it answered 500 s3cret', { isTransient: true, ...more });
const kinds = (): string[] => [...alertLines(data)].map(({ kind }) => kind);

test('sent: a line before and one after, with what the service calls it', async () => {
  plan('k1', 'k2');
  const service = new Service();
  expect(await run(service)).toEqual({ channel: 'one', sent: 2, pending: 0, dead: 0, failed: 0, failure: null, left_because: null });
  expect(kinds()).toEqual(['planned', 'planned', 'sending', 'sent', 'sending', 'sent']);
  expect([...alertLines(data)].at(-1)).toMatchObject({ kind: 'sent', key: 'k2', attempt: 1, receipt: 'r2' });
  expect(await run(service)).toMatchObject({ sent: 0, pending: 0 });
});

test('a hiccup costs no run: three attempts a second or two apart', async () => {
  plan('k1');
  const service = new Service((call) => (call < 3 ? down() : null));
  expect(await run(service)).toMatchObject({ sent: 1, pending: 0 });
  expect(service.calls).toBe(3);
  expect(clock - START).toBe(3000);
});

test('500 for an hour, a run a minute: none lost, none twice, few calls; no secret in the log', async () => {
  plan('k1', 'k2', 'k3');
  const service = new Service(() => (clock < START + HOUR ? down() : null));
  for (let minute = 0; minute <= 95; minute += 1) {
    clock = Math.max(clock, START + minute * 60_000);
    await run(service);
  }
  expect(service.taken.sort()).toEqual(['k1', 'k2', 'k3']);
  expect(service.calls).toBeLessThan(70);
  expect(JSON.stringify([...alertLines(data)])).not.toContain('s3cret');
});

test('a service that hangs costs a run one attempt, and most runs nothing; the wait doubles up to half an hour', async () => {
  plan('k1', 'k2', 'k3');
  const service = new Service(() => { clock += 10_000; return clock < START + 6 * HOUR ? down() : null; });
  const spent: number[] = [];
  for (let minute = 0; minute < 8 * 60; minute += 1) {
    clock = Math.max(clock, START + minute * 60_000);
    const began = clock;
    const outcome = await run(service);
    if (minute === 0) expect(outcome).toMatchObject({ sent: 0, pending: 3, failed: 1, left_because: 'left alone until 2026-01-15T09:01:10Z: it could not be reached' });
    // The one that failed waits for its own time besides, and is not handed over.
    if (minute === 1) expect(outcome).toMatchObject({ pending: 2, failed: 0, failure: null, left_because: 'left alone until 2026-01-15T09:01:10Z: in the last run it failed (it answered 500 [hidden])' });
    if (clock < START + 6 * HOUR) spent.push(clock - began);
  }
  expect(service.taken.sort()).toEqual(['k1', 'k2', 'k3']);
  expect(Math.max(...spent)).toBe(10_000);
  // After 1, 2, 4, 8 and 16 minutes, and then each half hour.
  expect(spent.filter((ms) => ms > 0).length).toBeLessThan(20);
});

test('a message that its service never takes holds up no other, hanging or refused', async () => {
  for (const fault of [down(), new ChannelError('400', { isTransient: false })]) {
    rmSync(join(data, 'landing/alerts.jsonl'), { force: true });
    clock = START;
    plan('bad');
    const taken: string[] = [];
    const channel: Channel = { ...new Service().channel, send: async ({ key }: Alert) => {
      if (key === 'bad') { clock += 10_000; throw fault; }
      taken.push(key);
      return Promise.resolve({ id: null });
    } };
    for (let minute = 0; minute < 120; minute += 1) {
      clock = Math.max(clock, START + minute * 60_000);
      plan(`k${minute}`);
      await run(new Service(), { channel });
    }
    clock += 60_000;
    await run(new Service(), { channel });
    expect(taken).toHaveLength(120);
  }
});

test('a service that refuses everything for good is asked four times, and then left alone', async () => {
  plan(...Array.from({ length: 50 }, (_, number) => `k${number}`));
  const service = new Service(() => new ChannelError('404 no such hook', { isTransient: false, hint: 'Mend it.' }));
  expect(await run(service)).toMatchObject({ sent: 0, pending: 50, failed: 4, failure: { message: '404 no such hook', hint: 'Mend it.' } });
  expect(service.calls).toBe(4);
  for (let minute = 1; minute <= 60; minute += 1) {
    clock = START + minute * 60_000;
    await run(service);
  }
  expect(service.calls).toBeLessThan(30);
});

test('messages grow old also while their channel is left alone: given up after 24 hours, each once', async () => {
  plan(...Array.from({ length: 100 }, (_, number) => `k${number}`));
  const service = new Service(() => { clock += 10_000; return down(); });
  let dead = 0;
  for (let half = 0; half <= 52; half += 1) {
    clock = Math.max(clock, START + half * (HOUR / 2));
    dead += (await run(service)).dead;
  }
  expect(dead).toBe(100);
  const given = [...alertLines(data)].flatMap((line) => (line.kind === 'failed' && line.retry_at === null ? [line.key] : []));
  expect(new Set(given).size).toBe(100);
  expect(given).toHaveLength(100);
  expect(service.calls).toBeLessThan(60);
});

test('a healthy channel sends as much as the run has time for, at its rate; the rest is the next run\'s, and said', async () => {
  plan(...Array.from({ length: 100 }, (_, number) => `k${number}`));
  const service = new Service();
  // 30 a minute: one at once, and one each 2 s.
  expect(await run(service, { ratePerMinute: 30, budgetMs: 60_000 })).toMatchObject({ sent: 31, pending: 69, failure: null, left_because: 'the time that one run may send was over (60 s); the next run goes on' });
  expect(clock - START).toBe(60_000);
  for (let left = 69; left > 0; left = Math.max(0, left - 31)) await run(service, { ratePerMinute: 30, budgetMs: 60_000 });
  expect(new Set(service.taken).size).toBe(100);
  expect(service.taken).toHaveLength(100);
});

test('asked to be left alone for longer than a run waits, it is: nothing more is sent to it, and the next runs wait too', async () => {
  plan('k1', 'k2');
  const service = new Service((call) => (call === 1 ? down({ retryAfterMs: 10 * 60_000 }) : null));
  expect(await run(service)).toMatchObject({ sent: 0, pending: 2 });
  expect(service.calls).toBe(1);
  clock = START + 10 * 60_000 + 1000;
  expect(await run(service)).toMatchObject({ sent: 2 });
  expect(service.taken.sort()).toEqual(['k1', 'k2']);
});

test('a short Retry-After is kept within the run', async () => {
  plan('k1');
  const service = new Service((call) => (call === 1 ? down({ retryAfterMs: 7000 }) : null));
  expect(await run(service)).toMatchObject({ sent: 1 });
  expect(clock - START).toBe(7000);
});

test('what only a person can mend is named at once, tried again at the slow pace, and stops nothing behind it', async () => {
  plan('k1', 'k2');
  const service = new Service((call) => (call === 1 ? new ChannelError('400', { isTransient: false, hint: 'Mend it.' }) : null));
  expect(await run(service)).toMatchObject({ sent: 1, pending: 1, failure: { message: '400', hint: 'Mend it.' } });
  expect(service.taken).toEqual(['k2']);
  clock = START + 29 * 60_000;
  await run(service);
  expect(service.taken).toEqual(['k2']);
  clock = START + 31 * 60_000;
  await run(service);
  expect(service.taken).toEqual(['k2', 'k1']);
});

test('given up after 24 hours, once', async () => {
  plan('k1');
  const service = new Service(() => down());
  for (let half = 0; half <= 50; half += 1) {
    clock = START + half * (HOUR / 2);
    await run(service);
  }
  expect([...alertLines(data)].filter((line) => line.kind === 'failed' && line.retry_at === null)).toHaveLength(1);
  const { calls } = service;
  clock = START + 30 * HOUR;
  expect(await run(service)).toMatchObject({ sent: 0, pending: 0, dead: 0 });
  expect(service.calls).toBe(calls);
});

test('messages of one group go in order: one that failed holds back those after it', async () => {
  plan('k1', 'k2', 'k3');
  GROUPS = { k1: 'g', k3: 'g' };
  const service = new Service((call) => (call === 1 ? new ChannelError('400', { isTransient: false }) : null));
  expect(await run(service)).toMatchObject({ sent: 1, pending: 2 });
  expect(service.taken).toEqual(['k2']);
  clock += 31 * 60_000;
  await run(service);
  expect(service.taken).toEqual(['k2', 'k1', 'k3']);
});

test('the rate is kept', async () => {
  plan('k1', 'k2', 'k3');
  await run(new Service(), { ratePerMinute: 6 });
  expect(clock - START).toBe(20_000);
});

test('told to stop, it stops; the rest is sent by the next run', async () => {
  plan('k1', 'k2');
  const stop = new AbortController();
  const service = new Service(() => { stop.abort(new Error('stop')); return null; });
  expect(await run(service, { signal: stop.signal })).toMatchObject({ sent: 1, pending: 1 });
  expect(await run(service)).toMatchObject({ sent: 1, pending: 0 });
  expect(service.taken).toEqual(['k1', 'k2']);
});

describe('a crash at any line of the log', () => {
  test('loses nothing; a receiver that honours the key has each message once', async () => {
    let repeats = 0;
    let tried = 0;
    for (let crashAt = 1; ; crashAt += 1) {
      rmSync(join(data, 'landing/alerts.jsonl'), { force: true });
      clock = START;
      plan('k1', 'k2', 'k3');
      const service = new Service((call) => (call === 2 ? down() : null));
      const isCrashed = await run(service, { crashAt }).then(() => false, (error: unknown) => {
        if (error instanceof Crash) return true;
        throw error;
      });
      for (let later = 1; later <= 3; later += 1) {
        clock += HOUR;
        await run(service);
      }
      expect([...new Set(service.taken)].sort(), `crash at line ${crashAt}`).toEqual(['k1', 'k2', 'k3']);
      repeats += service.taken.length - 3;
      tried += 1;
      if (!isCrashed) break;
    }
    // Between the service's answer and the line about it, and nowhere else, a message is sent a second time.
    process.stdout.write(`crashes: ${tried - 1} places tried, 0 messages lost, ${repeats} sent twice with the same key\n`);
    expect(tried).toBeGreaterThan(8);
    expect(repeats).toBe(3);
  });
});
