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
import { dispatch, type ChannelOutcome, type Outgoing } from './alert-dispatch.ts';
import { testAlert } from './alert.ts';

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
  return [...messages].flatMap(([key, { plannedAt, attempts, last }]) => {
    const isOver = last.kind === 'sent' || (last.kind === 'failed' && (last.retry_at === null || Date.parse(last.retry_at) > clock));
    return isOver ? [] : [{ key, channel: 'one', group: GROUPS[key] ?? key, attempts, plannedAt, compose: async () => Promise.resolve(testAlert(key, 'one', effects.now())) }];
  });
}

function plan(...keys: string[]): void {
  const log = openAlertLog(data);
  log.append(keys.map((key) => ({ kind: 'planned' as const, at: effects.now().toISOString(), key, channel: 'one', notice: 'test', group_key: key, finding_ids: [], openings: [] })));
  log.close();
}

async function run(service: Service, options: { signal?: AbortSignal; ratePerMinute?: number; crashAt?: number } = {}): Promise<ChannelOutcome> {
  const log = openAlertLog(data);
  let writes = 0;
  const crashing = { append: (entries: Parameters<typeof log.append>[0]): ReturnType<typeof log.append> => {
    writes += 1;
    if (writes === options.crashAt) throw new Crash();
    return log.append(entries);
  } };
  try {
    return await dispatch(service.channel, unsent(), {
      log: crashing, effects, signal: options.signal ?? new AbortController().signal, scrub: (text) => text.replaceAll('s3cret', '[hidden]'), giveUpAfterHours: 24,
      limits: new Map([['one', { timeoutMs: 1000, ratePerMinute: options.ratePerMinute ?? 600_000 }]]),
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
  expect(await run(service)).toEqual({ channel: 'one', sent: 2, pending: 0, dead: 0, failure: null });
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
