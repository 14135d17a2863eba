/**
 * One writer at a time. The lock is a tiny DuckDB file held open: the operating system lets go of it when the process dies,
 * however it dies, and DuckDB's refusal names the process that holds it.
 *
 * Nothing else may open `writer.lock`: on Linux a process loses its lock on a file as soon as it closes any handle to it.
 */
import { chmodSync, realpathSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { EXIT, WhoranError } from '../core/errors.ts';
import { Database } from '../engine/database.ts';
import { FILE_MODE } from '../landing/private-files.ts';

/** Another process, or another part of this one, writes to the data folder. */
export class WriterBusyError extends WhoranError {
  constructor(dataDir: string, holder: string, cause?: unknown) {
    super(`${dataDir} is held by another writer (${holder})`, {
      exitCode: EXIT.locked,
      hint: 'Wait until it ends, or stop it; reading (ask, coverage, findings, status) works meanwhile.',
      cause,
    });
  }
}

/** `journal.lock`: to append a person's decision, for a moment, while a long run holds the other. */
export type LockName = 'writer.lock' | 'journal.lock';
/** Longer than making a lock file takes on a busy machine. */
const MAKING_MS = 1000;
const RETRY_MS = 50;

/** DuckDB doesn't refuse a second instance on one file in one process, so we do. */
const held = new Set<string>();

export class WriterLock {
  readonly #path: string;
  readonly #db: Database;

  private constructor(path: string, db: Database) {
    this.#path = path;
    this.#db = db;
  }

  /** @throws WriterBusyError (exit code 3) where somebody else holds it. */
  static async acquire(dataDir: string, name: LockName = 'writer.lock'): Promise<WriterLock> {
    const path = join(realpathSync(dataDir), name);
    if (held.has(path)) throw new WriterBusyError(dataDir, 'this process');
    held.add(path);
    try {
      return new WriterLock(path, await openLock(dataDir, path));
    } catch (error) {
      held.delete(path);
      throw error;
    }
  }

  release(): void {
    this.#db.close();
    held.delete(this.#path);
  }
}

async function openLock(dataDir: string, path: string): Promise<Database> {
  for (let waited = 0; ; waited += RETRY_MS) {
    try {
      const db = await Database.open({ path, threads: 1, memoryLimit: '32MB' });
      // DuckDB makes its files by the umask. Changing the mode by name opens no handle, which would let go of the lock.
      chmodSync(path, FILE_MODE);
      return db;
    } catch (error) {
      const message = error instanceof Error ? error.message : '';
      // The path ends in `.lock` whatever went wrong: only these words mean another holder.
      if (message.includes('Could not set lock')) {
        const pid = /PID (\d+)/.exec(message)?.[1];
        throw new WriterBusyError(dataDir, pid === undefined ? 'its process is not known' : `process ${pid}`, error);
      }
      if (!message.includes('not a valid DuckDB database')) throw error;
      // Cut short by a crash just after it was made, and nobody holds it; unless somebody is making it at this moment.
      if (waited < MAKING_MS) await setTimeout(RETRY_MS);
      else rmSync(path);
    }
  }
}
