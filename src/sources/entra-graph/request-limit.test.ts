import { expect, test } from 'vitest';
import { RequestLimit, sharedLimit } from './request-limit.ts';

const signal = new AbortController().signal;

function clock(): { ms: number; now: () => Date; sleep: (ms: number, of: AbortSignal) => Promise<void>; signal: AbortSignal } {
  const it = {
    ms: 0, signal, now: () => new Date(it.ms),
    sleep: async (ms: number, of: AbortSignal) => { of.throwIfAborted(); it.ms += ms; return Promise.resolve(); },
  };
  return it;
}

test('no window of its length holds more than its number, however many ask at once, and they go in order', async () => {
  const it = clock();
  const limit = new RequestLimit(5, 10_000);
  const sent: [number, number][] = [];
  await Promise.all(Array.from({ length: 23 }, async (_, index) => {
    await limit.turn(it);
    sent.push([index, it.ms]);
  }));
  expect(sent.map(([index]) => index)).toEqual([...sent.keys()]);
  for (const [, at] of sent) expect(sent.filter(([, other]) => other >= at && other < at + 10_000).length).toBeLessThanOrEqual(5);
  expect(it.ms).toBe(40_000);
});

test('a hold keeps everybody back; a clock that was set back keeps nobody', async () => {
  const it = clock();
  it.ms = 1_000_000;
  const limit = new RequestLimit(1, 1000);
  limit.hold(1_030_000);
  await limit.turn(it);
  expect(it.ms).toBe(1_030_000);
  limit.hold(9_000_000);
  it.ms = 5;
  await limit.turn(it);
  expect(it.ms).toBe(5);
});

test('one that is aborted while it waits lets the next go on', async () => {
  const it = clock();
  const limit = new RequestLimit(1, 1000);
  await limit.turn(it);
  const stopped = AbortSignal.abort(new Error('stopped'));
  const results = await Promise.allSettled([limit.turn({ ...it, signal: stopped }), limit.turn(it)]);
  expect(results.map(({ status }) => status)).toEqual(['rejected', 'fulfilled']);
});

test('who reads one tenant as one app shares one', () => {
  expect(sharedLimit('a', 1, 1)).toBe(sharedLimit('a', 1, 1));
  expect(sharedLimit('a', 1, 1)).not.toBe(sharedLimit('b', 1, 1));
});
