import { expect, test } from 'vitest';
import { FakeClock } from '../../test/pulled.ts';
import { Pace } from './_pace.ts';

const signal = new AbortController().signal;

test('calls begin no closer together than the limit, however many ask at once', async () => {
  const clock = new FakeClock('2026-01-15T10:00:00Z');
  const pace = new Pace(2);
  const began: number[] = [];
  for (let call = 0; call < 4; call += 1) {
    await pace.turn({ now: clock.now, sleep: clock.sleep, signal });
    began.push(clock.ms - Date.parse('2026-01-15T10:00:00Z'));
  }
  expect(began).toEqual([0, 500, 1000, 1500]);
  // All at once: each has its own turn.
  const waits: number[] = [];
  const sleep = async (ms: number): Promise<void> => {
    waits.push(ms);
    await Promise.resolve();
  };
  clock.ms += 10_000;
  await Promise.all(Array.from({ length: 3 }, async () => pace.turn({ now: clock.now, sleep, signal })));
  expect(waits).toEqual([500, 1000]);
});

test('time that has passed anyway is not waited for again', async () => {
  const clock = new FakeClock('2026-01-15T10:00:00Z');
  const pace = new Pace(2);
  await pace.turn({ now: clock.now, sleep: clock.sleep, signal });
  clock.ms += 400;
  await pace.turn({ now: clock.now, sleep: clock.sleep, signal });
  expect(clock.slept).toEqual([100]);
  clock.ms += 5000;
  await pace.turn({ now: clock.now, sleep: clock.sleep, signal });
  expect(clock.slept).toEqual([100]);
});

test('an abort ends the wait', async () => {
  const clock = new FakeClock('2026-01-15T10:00:00Z');
  const pace = new Pace(1);
  const abort = new AbortController();
  await pace.turn({ now: clock.now, sleep: clock.sleep, signal: abort.signal });
  abort.abort(new Error('the run ends'));
  await expect(pace.turn({ now: clock.now, sleep: clock.sleep, signal: abort.signal })).rejects.toThrow('the run ends');
});
