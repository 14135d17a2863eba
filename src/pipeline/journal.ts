/**
 * Appending to the journal under its own lock, so that nobody waits for a run that holds the data folder.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { EXIT, WhoranError } from '../core/errors.ts';
import { appendDecisions, type Decision } from '../landing/journal.ts';
import type { JournalLine } from '../landing/landed-batches.ts';
import { WriterBusyError, WriterLock } from '../store/writer-lock.ts';

/** Somebody else's decision is written in milliseconds. */
const ATTEMPTS = 50;
const WAIT_MS = 100;

/**
 * Appends what `decide` gives; it is called once the lock is held, so that it can look at the journal first.
 * @throws WhoranError (exit 2) where there is no landing; WriterBusyError (exit 3) where the journal is held for seconds
 */
export async function appendToJournal(dataDir: string, at: string, decide: () => readonly Decision[], sleep: (ms: number) => Promise<void>): Promise<JournalLine[]> {
  if (!existsSync(join(dataDir, 'landing'))) throw new WhoranError(`${dataDir}: there is no landing folder`, { exitCode: EXIT.wrongUse, hint: 'Name the data folder with --data.' });
  for (let attempt = 1; ; attempt += 1) {
    let lock: WriterLock;
    try {
      lock = await WriterLock.acquire(dataDir, 'journal.lock');
    } catch (error) {
      if (!(error instanceof WriterBusyError) || attempt === ATTEMPTS) throw error;
      await sleep(WAIT_MS);
      continue;
    }
    try {
      return appendDecisions(dataDir, at, decide());
    } finally {
      lock.release();
    }
  }
}
