import { describe, expect, test } from 'vitest';
import type { RunTrigger } from '../landing/run-log.ts';
import { WriterBusyError } from '../store/writer-lock.ts';
import { readSchedule, runOnSchedule, type ScheduleEvent } from './schedule.ts';

describe('a pattern', () => {
  const at = (text: string): Date => new Date(text);

  test('in its time zone, over both changes of the clock: once a night', () => {
    const { next, previous } = readSchedule('30 2 * * *', 'Europe/Berlin');
    expect(next(at('2026-03-28T12:00:00Z'))).toEqual(at('2026-03-29T01:00:00Z'));
    expect(next(at('2026-03-29T01:00:00Z'))).toEqual(at('2026-03-30T00:30:00Z'));
    expect(next(at('2026-10-24T12:00:00Z'))).toEqual(at('2026-10-25T00:30:00Z'));
    expect(next(at('2026-10-25T00:30:00Z'))).toEqual(at('2026-10-26T01:30:00Z'));
    expect(previous(at('2026-03-29T12:00:00Z'))).toEqual(at('2026-03-29T01:00:00Z'));
  });

  test('its time itself is not the next, and is the previous', () => {
    const { next, previous } = readSchedule('0 3 * * *');
    expect(next(at('2026-01-01T03:00:00Z'))).toEqual(at('2026-01-02T03:00:00Z'));
    expect(previous(at('2026-01-01T03:00:00Z'))).toEqual(at('2026-01-01T03:00:00Z'));
    expect(previous(at('2026-01-01T02:59:59Z'))).toEqual(at('2025-12-31T03:00:00Z'));
  });

  test.each<[string, string | undefined, RegExp]>([
    ['61 * * * *', undefined, /--schedule: "61 \* \* \* \*": Invalid value for minute: 61/],
    ['nightly', undefined, /--schedule: "nightly" is no cron pattern/],
    ['2026-01-01T00:00:00', undefined, /is no cron pattern/],
    ['0 0 30 2 *', undefined, /never comes/],
    ['0 3 * * *', 'Mars/Olympus', /--timezone: there is no time zone "Mars\/Olympus"/],
  ])('%s %s is refused', (pattern, timezone, message) => {
    expect(() => readSchedule(pattern, timezone)).toThrow(expect.objectContaining({ message: expect.stringMatching(message) as string, exitCode: 2 }) as Error);
  });
});

/** A loop over a clock of its own that moves when somebody sleeps; it ends after `runs` runs. */
async function play(pattern: string, start: string, options: { lastBegan?: string; runs: number; run?: (count: number, clock: { ms: number }) => Promise<void> }): Promise<{ runs: [string, RunTrigger][]; events: ScheduleEvent[] }> {
  const clock = { ms: Date.parse(start) };
  const stop = new AbortController();
  const runs: [string, RunTrigger][] = [];
  const events: ScheduleEvent[] = [];
  let going = 0;
  await runOnSchedule({
    schedule: readSchedule(pattern),
    lastBegan: options.lastBegan === undefined ? undefined : new Date(options.lastBegan),
    now: () => new Date(clock.ms),
    sleep: (ms) => {
      clock.ms += ms;
      return Promise.resolve();
    },
    signal: stop.signal,
    tell: (event) => events.push(event),
    run: async (trigger) => {
      going += 1;
      expect(going).toBe(1);
      runs.push([new Date(clock.ms).toISOString().slice(0, 19), trigger]);
      try {
        await options.run?.(runs.length, clock);
      } finally {
        going -= 1;
        if (runs.length === options.runs) stop.abort();
      }
    },
  });
  return { runs, events };
}

describe('the loop', () => {
  test('runs at each of its times', async () => {
    const { runs, events } = await play('0 3 * * *', '2026-01-01T12:00:00Z', { lastBegan: '2026-01-01T03:00:00Z', runs: 3 });
    expect(runs).toEqual([['2026-01-02T03:00:00', 'schedule'], ['2026-01-03T03:00:00', 'schedule'], ['2026-01-04T03:00:00', 'schedule']]);
    expect(events[0]).toEqual({ kind: 'waiting', until: new Date('2026-01-02T03:00:00Z') });
  });

  test('makes up for a run that was missed, once, and for one where there never was any', async () => {
    expect((await play('0 3 * * *', '2026-01-09T12:00:00Z', { lastBegan: '2026-01-05T03:00:00Z', runs: 2 })).runs).toEqual([
      ['2026-01-09T12:00:00', 'catch_up'], ['2026-01-10T03:00:00', 'schedule'],
    ]);
    expect((await play('0 3 * * *', '2026-01-09T12:00:00Z', { runs: 1 })).runs).toEqual([['2026-01-09T12:00:00', 'catch_up']]);
  });

  test('a run that takes longer than the time between: never two at once, and what passed is made up for once', async () => {
    const { runs } = await play('*/10 * * * *', '2026-01-01T11:55:00Z', {
      lastBegan: '2026-01-01T11:50:00Z', runs: 3,
      run: (count, clock) => {
        if (count === 1) clock.ms += 35 * 60_000;
        return Promise.resolve();
      },
    });
    expect(runs).toEqual([['2026-01-01T12:00:00', 'schedule'], ['2026-01-01T12:35:00', 'catch_up'], ['2026-01-01T12:40:00', 'schedule']]);
  });

  test('survives what a run throws', async () => {
    const boom = new Error('boom');
    const { runs, events } = await play('0 * * * *', '2026-01-01T11:55:00Z', { lastBegan: '2026-01-01T11:00:00Z', runs: 2, run: () => Promise.reject(boom) });
    expect(runs.map(([at]) => at)).toEqual(['2026-01-01T12:00:00', '2026-01-01T13:00:00']);
    expect(events).toContainEqual({ kind: 'failed', error: boom });
  });

  test('waits for another writer, and runs as soon as it is gone', async () => {
    const { runs, events } = await play('0 3 * * *', '2026-01-01T02:59:00Z', {
      lastBegan: '2025-12-31T03:00:00Z', runs: 4,
      run: (count) => (count < 3 ? Promise.reject(new WriterBusyError('data', 'process 1')) : Promise.resolve()),
    });
    expect(runs.map(([at]) => at)).toEqual(['2026-01-01T03:00:00', '2026-01-01T03:01:00', '2026-01-01T03:02:00', '2026-01-02T03:00:00']);
    expect(events.filter(({ kind }) => kind === 'locked')).toHaveLength(2);
    expect(events.filter(({ kind }) => kind === 'failed')).toHaveLength(0);
  });

  test('ends when it is told to, while it waits', async () => {
    const stop = new AbortController();
    const ended = runOnSchedule({
      schedule: readSchedule('0 3 * * *'), lastBegan: new Date('2026-01-01T03:00:00Z'), now: () => new Date('2026-01-01T12:00:00Z'), signal: stop.signal,
      sleep: async (_ms, signal) => new Promise((resolve) => { signal.addEventListener('abort', () => { resolve(); }); }),
      run: () => Promise.reject(new Error('it ran')), tell: () => undefined,
    });
    stop.abort();
    await expect(ended).resolves.toBeUndefined();
  });
});
