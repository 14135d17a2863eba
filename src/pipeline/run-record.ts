/**
 * Recording about a run after its writer has let go of the lock.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { appendRun, type RunEntry } from '../landing/run-log.ts';
import { WriterBusyError, WriterLock } from '../store/writer-lock.ts';

/** Another writer may have come; it is waited for a little, not for its whole run. */
const ATTEMPTS = 5;
const WAIT_MS = 200;

/** Takes the lock for a moment and appends. Returns why it couldn't, or null. */
export async function recordBriefly(dataDir: string, entry: RunEntry): Promise<string | null> {
  if (!existsSync(join(dataDir, 'landing'))) return 'there is no landing folder';
  for (let attempt = 1; ; attempt += 1) {
    try {
      const lock = await WriterLock.acquire(dataDir);
      try {
        appendRun(dataDir, entry);
        return null;
      } finally {
        lock.release();
      }
    } catch (error) {
      if (!(error instanceof WriterBusyError) || attempt === ATTEMPTS) return error instanceof Error ? error.message : String(error);
      await sleep(WAIT_MS);
    }
  }
}

export { lastRunThatTookPlace, readRuns } from '../landing/run-log.ts';
