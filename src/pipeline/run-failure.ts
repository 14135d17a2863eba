/**
 * What a run's failure says: in words, with what to do.
 */
import { WhoranError } from '../core/errors.ts';
import type { RunFailure } from '../landing/run-log.ts';

/** Words of Node, of DuckDB, and of a write that was cut short. */
const DISK_FULL = /\bENOSPC\b|No space left on device|is the disk full\?/;

/** Whether the error, or what caused it, says that a disk is full. */
export function isDiskFull(error: unknown): boolean {
  for (let at = error; at instanceof Error; at = at.cause) {
    if (DISK_FULL.test(at.message) || ('code' in at && (at.code === 'ENOSPC' || at.code === 'EDQUOT'))) return true;
  }
  return false;
}

/** The failure of a step or report. Its message may quote a library: the caller scrubs it. */
export function failureOf(what: string, error: unknown, { dataDir }: { readonly dataDir: string }): RunFailure {
  const message = error instanceof Error ? error.message : String(error);
  if (isDiskFull(error)) {
    return {
      what, stream: null, message: `the disk is full: ${message}`,
      hint: `Free space where ${dataDir} lies (or the reports' folder). What was landed is safe, and the next run goes on from it.`,
    };
  }
  return { what, stream: null, message, hint: error instanceof WhoranError ? (error.hint ?? null) : null };
}
