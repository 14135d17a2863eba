/**
 * The journal: what people decided about findings, a chained line each in `landing/journal.jsonl`. Read by
 * `LandedBatches.decisions`; appended under `journal.lock`, so that nobody has to wait for a run that holds the data folder.
 */
import { join } from 'node:path';
import { ChainLog, type ChainedLine } from './chain-log.ts';
import type { JournalLine } from './landed-batches.ts';

export const JOURNAL = 'journal.jsonl';

/** A decision without its time and place in the chain. */
export type Decision = Omit<JournalLine, keyof ChainedLine | 'at'>;

/**
 * Appends decisions of one instant; they are on disk when this returns. The caller holds `journal.lock`, and `landing/` is there. The file is
 * opened anew each time: a line that a crash cut off is dropped before the next.
 * @param at RFC 3339 UTC
 */
export function appendDecisions(dataDir: string, at: string, decisions: readonly Decision[]): JournalLine[] {
  const log = ChainLog.open<JournalLine>(join(dataDir, 'landing', JOURNAL));
  try {
    return log.append(decisions.map((decision) => ({ at, ...decision })));
  } finally {
    log.close();
  }
}
