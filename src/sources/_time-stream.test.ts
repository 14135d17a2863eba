import { expect, test } from 'vitest';
import { FakeClock } from '../../test/pulled.ts';
import type { PullContext, Window } from './source.ts';
import { fixedWindows, pullTimeStream } from './_time-stream.ts';

const MINUTE = 60_000;
const at = (text: string): Date => new Date(`2026-01-15T${text}Z`);
const windows = (from: string, to: string, closed: string): string[] =>
  [...fixedWindows(at(from), at(to), 30 * MINUTE, at(closed))].map((window) => `${window.from.toISOString().slice(11, 16)}-${window.to.toISOString().slice(11, 16)}`);

test('windows end at fixed times, whenever a pull begins', () => {
  expect(windows('09:10:00', '10:45:00', '00:00:00')).toEqual(['09:10-09:30', '09:30-10:00', '10:00-10:30', '10:30-10:45']);
  expect(windows('09:30:00', '10:00:00', '00:00:00')).toEqual(['09:30-10:00']);
  expect(windows('10:00:00', '10:00:00', '00:00:00')).toEqual([]);
});

test('what is closed for good is asked for in longer windows, with the same fixed ends', () => {
  expect(windows('00:00:00', '13:30:00', '12:40:00')).toEqual(['00:00-06:00', '06:00-12:00', '12:00-12:30', '12:30-13:00', '13:00-13:30']);
  expect(windows('05:50:00', '12:30:00', '12:00:00')).toEqual(['05:50-06:00', '06:00-12:00', '12:00-12:30']);
});

async function pulledWindows(now: string, { cursor, backfill }: { cursor?: string; backfill?: Window }): Promise<string[]> {
  const clock = new FakeClock(`2026-01-15T${now}Z`);
  const context: PullContext = {
    now: clock.now, sleep: clock.sleep, random: () => 0.5, tell: () => undefined, signal: new AbortController().signal,
    cursors: new Map(cursor === undefined ? [] : [['s', `2026-01-15T${cursor}Z`]]), ...(backfill ? { backfill } : {}),
  };
  const asked: string[] = [];
  const stream = {
    stream: 's', covers: [], windowMinutes: 30, overlapMinutes: 60, firstDays: 1,
    async *pages (window: Window) {
      asked.push(`${window.from.toISOString().slice(11, 16)}-${window.to.toISOString().slice(11, 16)}`);
      yield await Promise.resolve({ origin: 'o', bytes: Buffer.from('{}') });
    },
  };
  for await (const step of pullTimeStream(stream, context)) expect(step.delivered).toHaveLength(1);
  return asked;
}

test('the overlap is read again in the windows that the pull before asked for, though a backlog follows', async () => {
  expect(await pulledWindows('10:15:00', { cursor: '09:30:00' })).toEqual(['08:30-09:00', '09:00-09:30', '09:30-10:00', '10:00-10:15']);
  expect(await pulledWindows('22:00:00', { cursor: '10:15:00' })).toEqual([
    '09:00-09:30', '09:30-10:00', '10:00-10:30', '10:30-12:00', '12:00-18:00',
    '18:00-18:30', '18:30-19:00', '19:00-19:30', '19:30-20:00', '20:00-20:30', '20:30-21:00', '21:00-21:30', '21:30-22:00',
  ]);
});

test('a backfill is nowhere read again: long windows up to its end', async () => {
  expect(await pulledWindows('22:00:00', { backfill: { from: at('05:45:00'), to: at('18:10:00') } })).toEqual(['05:45-06:00', '06:00-12:00', '12:00-18:00', '18:00-18:10']);
});
