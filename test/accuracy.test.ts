/**
 * ATTRIBUTION §5, invariant 5, over generated worlds with known truth: what is proved is right, always, with people who lie in
 * every field that a caller chooses; what a whole delivery names, any delivery of the same records names too.
 */
import { describe, expect, test } from 'vitest';
import { measured, type Trial } from '../bench/accuracy-world.ts';
import type { Accuracy, Tally } from '../bench/accuracy-figures.ts';

/** Right and said, over the methods of one confidence. */
function tally(accuracy: Accuracy, confidence: string): Tally {
  const tallies = [...accuracy.methods].filter(([key]) => key.startsWith(`${confidence} `)).map(([, value]) => value);
  return { said: tallies.reduce((sum, { said }) => sum + said, 0), right: tallies.reduce((sum, { right }) => sum + right, 0) };
}

function wrongWith(accuracy: Accuracy, confidence: string): string[] {
  return accuracy.wrong.filter((line) => line.includes(`: ${confidence} `));
}

const SHUFFLED: Trial['delivery'] = { forms: 'all', reorder: true, duplicate: 0.3, batches: 3, lag: 15 };

/** More worlds: WHORAN_ACCURACY_SEEDS=11,12,13; `npm run bench -- accuracy` has many. */
const SEEDS = (process.env['WHORAN_ACCURACY_SEEDS'] ?? '11').split(',').map(Number);

describe.each(SEEDS)('world %i', (seed) => {
  test('without liars: everything said is right, in whatever way the records come', async () => {
    const whole = await measured({ seed, liars: false, delivery: {} });
    expect(whole.wrong).toEqual([]);
    for (const confidence of ['proved', 'asserted', 'inferred']) expect(tally(whole, confidence).said, confidence).toBeGreaterThan(0);
    const shuffled = await measured({ seed, liars: false, delivery: SHUFFLED });
    expect(shuffled.wrong).toEqual([]);
    expect([...shuffled.right].sort()).toEqual([...whole.right].sort());
  });

  test('with liars: what is proved is right, and every sign-in that is exact is the one', async () => {
    const accuracy = await measured({ seed, liars: true, delivery: SHUFFLED });
    expect(wrongWith(accuracy, 'proved')).toEqual([]);
    expect(tally(accuracy, 'proved').said).toBeGreaterThan(300);
    const exact = accuracy.grades.get('proved exact');
    expect(exact?.said).toBeGreaterThan(50);
    expect(exact?.right).toBe(exact?.said);
  });

  // A lost UpdateSchedule or PutTargets leaves the one before as the latest: who configured is then wrong (DECISIONS.md).
  test('with liars and losses: who ran what is right where proved, but for what the stories name as misleading when lost', async () => {
    const accuracy = await measured({ seed, liars: true, delivery: { loss: 0.15, spareLossSensitive: true } });
    expect(wrongWith(accuracy, 'proved').filter((line) => line.includes('says ran'))).toEqual([]);
    expect(tally(accuracy, 'proved').said).toBeGreaterThan(200);
  });
});
