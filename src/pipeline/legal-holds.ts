/**
 * Legal holds as lines of the journal: read, and added to under the journal's own lock.
 */
import { holdsOf, type Hold } from '../landing/holds.ts';
import { openLandedBatches } from '../landing/landed-batches.ts';
import { appendToJournal } from './journal.ts';

export type { Hold, HoldScope } from '../landing/holds.ts';

/** A hold's beginning or end, as the journal takes it. */
export interface HoldDecision {
  readonly by: string;
  readonly action: 'hold.add' | 'hold.release';
  readonly subject: string;
  readonly reason: string;
  readonly detail: Readonly<Record<string, string | null>>;
}

/** Every hold, those that are released too, in the order in which they were added. */
export function legalHolds(dataDir: string): Hold[] {
  return holdsOf(openLandedBatches(dataDir).decisions());
}

/**
 * Writes what `decide` says of the holds that there are.
 * @param at RFC 3339 UTC
 * @returns all holds afterwards, and the one that was decided about
 * @throws as `appendToJournal`, and what `decide` throws: then nothing is written
 */
export async function decideHold(dataDir: string, at: string, decide: (before: readonly Hold[]) => HoldDecision, sleep: (ms: number) => Promise<void>): Promise<{ holds: Hold[]; subject: string }> {
  const landed = openLandedBatches(dataDir);
  const lines = await appendToJournal(dataDir, at, () => [decide(holdsOf(landed.decisions()))], sleep);
  return { holds: holdsOf(landed.decisions()), subject: lines[0]?.subject ?? '' };
}
