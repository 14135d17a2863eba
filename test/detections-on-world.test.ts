/**
 * Detections on generated worlds with known truth: each story's findings fire, what it calls quiet stays quiet, and nothing else
 * is open. Precision and recall per detection are printed.
 */
import { describe, expect, test } from 'vitest';
import { detectionsOnWorld, precisionOf, shareOf } from '../bench/detections-on-world.ts';

describe.each([21, 22])('world %i', (seed) => {
  test('every story finds what it must, and nothing else is open', async () => {
    const { tallies, missed, unexpected, loud } = await detectionsOnWorld({ seed, liars: true, delivery: { forms: 'all', duplicate: 0.2, reorder: true } });
    for (const [id, tally] of tallies) process.stdout.write(`${id}: precision ${precisionOf(tally)}; recall ${shareOf(tally.hit, tally.due)}\n`);
    expect([...tallies.values()].reduce((sum, { due }) => sum + due, 0)).toBeGreaterThan(20);
    expect(loud).toEqual([]);
    expect(missed).toEqual([]);
    expect(unexpected).toEqual([]);
  });
});

test('nothing of nothing is no number', () => {
  expect(shareOf(0, 0)).toBe('none expected');
  expect(precisionOf({ found: 0, right: 0, due: 0, hit: 0, due_whole: 0, hit_whole: 0 })).toBe('none expected');
  expect(precisionOf({ found: 0, right: 0, due: 2, hit: 0, due_whole: 2, hit_whole: 0 })).toBe('none found');
  expect(shareOf(1, 3)).toBe('0.333, 1 of 3');
});
