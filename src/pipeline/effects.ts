/**
 * The world outside, for real.
 */
import { setTimeout as wait } from 'node:timers/promises';
import type { SourceEffects } from '../sources/source.ts';

/** The machine's clock, timers and randomness. */
export const realEffects: Pick<SourceEffects, 'now' | 'sleep' | 'random'> = {
  now: () => new Date(),
  sleep: async (ms, signal) => {
    try {
      await wait(ms, undefined, { signal });
    } catch (error) {
      // The timer's own AbortError says less than why.
      throw signal.reason instanceof Error ? signal.reason : error;
    }
  },
  random: Math.random,
};
