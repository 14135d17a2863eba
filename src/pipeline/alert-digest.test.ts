/**
 * The day's summary: planned once a day of the wall clock at its hour, in any time zone and over a change of the clocks; with what it says.
 */
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { AlertDigest } from '../alerts/alert.ts';
import { configSchema, type ConfigSpec } from '../config/config.ts';
import { PullLog } from '../landing/pull-log.ts';
import { AlertBench, Receiver } from '../../test/alerts/alert-bench.ts';
import { digestsDue } from './alert-digest.ts';

const CHANNELS: NonNullable<ConfigSpec['alerts']>['channels'] = [{ id: 'one', type: 'file', path: 'x', rate_per_minute: 100_000 }, { id: 'two', type: 'file', path: 'y', rate_per_minute: 100_000 }];
const configOf = (alerts: ConfigSpec['alerts']): ReturnType<typeof configSchema.parse> => configSchema.parse({ alerts: { channels: CHANNELS, ...alerts } });

/** At which quarters of an hour between two instants, in UTC, another digest becomes due. */
function becomesDue(at: string, zone: string, from: string, to: string): string[] {
  const config = configOf({ digest: { at, time_zone: zone, channels: ['one'] } });
  const keyAt = (ms: number): string => digestsDue(config, new Date(ms))[0]?.alert_key ?? '';
  const known = new Set([keyAt(Date.parse(from))]);
  const times: string[] = [];
  for (let ms = Date.parse(from); ms <= Date.parse(to); ms += 15 * 60_000) {
    if (known.has(keyAt(ms))) continue;
    known.add(keyAt(ms));
    times.push(new Date(ms).toISOString().slice(0, 16));
  }
  return times;
}

describe('once a day, at its hour', () => {
  test.each<[what: string, at: string, zone: string, from: string, to: string, due: string[]]>([
    ['in UTC', '08:00', 'UTC', '2026-01-15T09:00Z', '2026-01-18T07:59Z', ['2026-01-16T08:00', '2026-01-17T08:00']],
    ['east of it', '08:00', 'Asia/Kolkata', '2026-01-15T09:00Z', '2026-01-17T09:00Z', ['2026-01-16T02:30', '2026-01-17T02:30']],
    ['west of it', '23:30', 'America/Los_Angeles', '2026-01-15T12:00Z', '2026-01-17T12:00Z', ['2026-01-16T07:30', '2026-01-17T07:30']],
    ['at midnight', '00:00', 'Europe/Berlin', '2026-01-15T12:00Z', '2026-01-17T12:00Z', ['2026-01-15T23:00', '2026-01-16T23:00']],
    ['over the spring change', '08:00', 'Europe/Berlin', '2026-03-28T08:00Z', '2026-03-30T12:00Z', ['2026-03-29T06:00', '2026-03-30T06:00']],
    ['at an hour that the spring change leaves out: when it is over', '02:30', 'Europe/Berlin', '2026-03-28T08:00Z', '2026-03-30T12:00Z', ['2026-03-29T01:00', '2026-03-30T00:30']],
    ['over the autumn change', '08:00', 'Europe/Berlin', '2026-10-24T08:00Z', '2026-10-26T12:00Z', ['2026-10-25T07:00', '2026-10-26T07:00']],
    ['at an hour that the autumn change has twice: the first', '02:30', 'Europe/Berlin', '2026-10-24T08:00Z', '2026-10-26T12:00Z', ['2026-10-25T00:30', '2026-10-26T01:30']],
    ['late on a day of 25 hours: not before its hour', '23:45', 'Europe/Berlin', '2026-10-24T22:00Z', '2026-10-27T00:00Z', ['2026-10-25T22:45', '2026-10-26T22:45']],
    ['late on a day of 23 hours', '23:45', 'Europe/Berlin', '2026-03-28T23:00Z', '2026-03-31T00:00Z', ['2026-03-29T21:45', '2026-03-30T21:45']],
  ])('%s', (_, at, zone, from, to, due) => {
    expect(becomesDue(at, zone, from, to)).toEqual(due);
  });

  test('of a day of 23 hours that no run was there for: the first run of the next morning', () => {
    const config = configOf({ digest: { at: '23:45', time_zone: 'Europe/Berlin', channels: ['one'] } });
    const key = (at: string): string | undefined => digestsDue(config, new Date(at))[0]?.alert_key;
    expect(key('2026-03-29T22:10Z')).toBe(key('2026-03-29T21:45Z'));
  });

  test('each channel has its own; without one configured there is none', () => {
    const both = digestsDue(configOf({ digest: { at: '08:00', channels: ['one', 'two'] } }), new Date('2026-01-15T09:00Z'));
    expect(both.map(({ channel }) => channel)).toEqual(['one', 'two']);
    expect(new Set(both.map(({ alert_key }) => alert_key)).size).toBe(2);
    expect(digestsDue(configOf({}), new Date('2026-01-15T09:00Z'))).toEqual([]);
  });
});

describe('what it says', { timeout: 60_000 }, () => {
  const config = configOf({
    routes: [{ channels: ['one'], min_severity: 'low', group_by: [], repeat_hours: 0 }],
    maintenance: [{ from: '2026-01-15T00:00:00Z', to: '2026-01-20T00:00:00Z', detections: ['moved'], owner: 'ben', reason: 'moving the cluster' }],
    digest: { at: '08:00', time_zone: 'Europe/Berlin', channels: ['one'] },
  });
  let bench: AlertBench;
  let one: Receiver;
  beforeEach(async () => {
    bench = await AlertBench.open('2026-01-15T07:00:00Z');
    one = new Receiver('one');
  }, 60_000);
  afterEach(() => { bench.close(); });

  /** A run then; the digests that came with it. */
  async function runAt(at: string): Promise<{ title: string; digest: AlertDigest }[]> {
    bench.ms = Date.parse(at);
    const before = one.taken.length;
    await bench.run(config, [one]);
    return one.taken.slice(before).flatMap(({ title, digest }) => (digest === null ? [] : [{ title, digest }]));
  }

  test('an empty day has one all the same, which says so: its silence would be no news', async () => {
    const first = await runAt('2026-01-15T07:00:00Z');
    expect(first).toMatchObject([{ title: 'No finding stands; 0 new and 0 over in 24 hours (no digest was sent before)', digest: { from: '2026-01-14T07:00:00Z', to: '2026-01-15T07:00:00Z', held_back: [], undelivered: [] } }]);
    expect(await runAt('2026-01-15T07:01:00Z')).toEqual([]);
    expect(await runAt('2026-01-16T06:59:00Z')).toEqual([]);
    const second = await runAt('2026-01-16T07:05:00Z');
    expect(second).toMatchObject([{ title: 'No finding stands; 0 new and 0 over since the digest of 2026-01-15T07:00:00Z', digest: { from: '2026-01-15T07:00:00Z', to: '2026-01-16T07:05:00Z' } }]);
    expect(await runAt('2026-01-16T22:00:00Z')).toEqual([]);
  });

  test('new, standing, over, provisional, suppressed, held back, silent and undelivered; nothing counted twice', async () => {
    await runAt('2026-01-15T07:00:00Z');
    const log = PullLog.open(join(bench.data, 'landing'), 0);
    log.append({
      at: bench.now.toISOString(), source: 'entra', stream: 'beta', covers: [{ of: 'sign_ins', tenant_id: null, sign_in_kind: null, account_id: null, region: null }], window_from: null, window_to: null, cursor: 'c',
      complete_through: null, ledger_seq: 0, delivered: 0, landed: 0, bytes: 0,
    });
    log.close();
    bench.ms += 3_600_000;
    await bench.found('stays');
    await bench.found('ends', { severity: 'critical' });
    await bench.found('hidden', { severity: 'medium' });
    await bench.found('maybe', { status: 'provisional' });
    await bench.found('work', { detection: 'moved', severity: 'low' });
    await bench.found('silence', { detection: 'source_silent', subject: ['source', 'entra'], dedup: `source_silent/entra/${bench.ms / 1000}` });
    await bench.found('absent', { detection: 'session_without_sign_in', subject: ['session', 'ASIAABSENT'] });
    await runAt('2026-01-15T09:00:00Z');
    const hidden = (await bench.standings()).find(({ id }) => id === 'hidden');
    if (!hidden) throw new Error('it stands');
    bench.decide(hidden, 'suppress', new Date('2026-01-18T00:00:00Z'));
    await bench.gone('ends');
    await runAt('2026-01-15T12:00:00Z');
    one.isDown = true;
    await bench.found('untold', { severity: 'critical' });
    await runAt('2026-01-16T06:30:00Z');
    one.isDown = false;
    const [day] = await runAt('2026-01-16T07:00:00Z');
    expect(day?.digest).toMatchObject({
      from: '2026-01-15T07:00:00Z', to: '2026-01-16T07:00:00Z',
      // stays, silence and absent; untold; work.
      standing: { low: 1, medium: 0, high: 3, critical: 1 }, appeared: 7, resolved: 1, provisional: 1, suppressed: 1,
    });
    expect(day?.digest.held_back).toEqual(['1 finding for one: planned work until 2026-01-20T00:00:00Z (ben: moving the cluster)', '1 finding for one: source entra is silent, which may be all that is wrong']);
    expect(day?.title).toBe('5 findings stand; 7 new and 1 over since the digest of 2026-01-15T07:00:00Z');
    // The next day's begins where this one ended.
    const [next] = await runAt('2026-01-17T07:00:00Z');
    expect(next?.digest).toMatchObject({ from: '2026-01-16T07:00:00Z', appeared: 0, resolved: 0, standing: { low: 1, medium: 0, high: 3, critical: 1 } });
  });

  test('one that a channel could not take at its hour comes later, once, and is of its own day', async () => {
    await runAt('2026-01-15T07:00:00Z');
    one.isDown = true;
    expect(await runAt('2026-01-16T07:00:00Z')).toEqual([]);
    one.isDown = false;
    expect(await runAt('2026-01-16T08:00:00Z')).toMatchObject([{ digest: { from: '2026-01-15T07:00:00Z', to: '2026-01-16T07:00:00Z' } }]);
    expect(await runAt('2026-01-16T09:00:00Z')).toEqual([]);
  });
});
