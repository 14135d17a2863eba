/**
 * One writer at a time. The lock is a tiny DuckDB file held open: the operating system lets go of it when the process dies,
 * however it dies, and DuckDB's refusal names the process that holds it.
 *
 * Nothing else may open `writer.lock`: on Linux a process loses its lock on a file as soon as it closes any handle to it.
 */
import { realpathSync } from 'node:fs';
import { join } from 'node:path';
import { EXIT, WhoranError } from '../core/errors.ts';
import { Database } from '../engine/database.ts';

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

/** DuckDB doesn't refuse a second instance on one file in one process, so we do. */
const held = new Set<string>();

export class WriterLock {
  readonly #folder: string;
  readonly #db: Database;

  private constructor(folder: string, db: Database) {
    this.#folder = folder;
    this.#db = db;
  }

  /** @throws WriterBusyError (exit code 3) where somebody else holds it. */
  static async acquire(dataDir: string): Promise<WriterLock> {
    const folder = realpathSync(dataDir);
    if (held.has(folder)) throw new WriterBusyError(dataDir, 'this process');
    held.add(folder);
    try {
      return new WriterLock(folder, await Database.open({ path: join(folder, 'writer.lock'), threads: 1, memoryLimit: '32MB' }));
    } catch (error) {
      held.delete(folder);
      const message = error instanceof Error ? error.message : '';
      if (!message.includes('lock')) throw error;
      const pid = /PID (\d+)/.exec(message)?.[1];
      throw new WriterBusyError(dataDir, pid === undefined ? 'its process is not known' : `process ${pid}`, error);
    }
  }

  release(): void {
    this.#db.close();
    held.delete(this.#folder);
  }
}
