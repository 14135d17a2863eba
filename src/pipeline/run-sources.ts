/**
 * What each source did in a run, as the record has it.
 */
import type { RunRecords, RunSource } from '../landing/run-log.ts';
import type { PullResult } from './pull.ts';
import { NO_RECORDS } from './run-tables.ts';

/** One entry a source pulled, in the pull's order. `records`: what staging made of its batches, by source. */
export function runSources({ sources }: PullResult, records: ReadonlyMap<string, RunRecords>): RunSource[] {
  return sources.map(({ id, type, outcome, delivered, landed, repeated, bytes, requests, retries, warnings, streams }) => ({
    source: id, type, outcome, delivered, landed, repeated, bytes, records: records.get(id) ?? NO_RECORDS, requests, retries,
    warnings: warnings.length, complete_through: least(streams.map((stream) => stream.complete_through)),
  }));
}

/** The earliest instant; null where one is missing, or there is none. */
function least(instants: readonly (string | null)[]): string | null {
  const known = instants.filter((instant) => instant !== null);
  return known.length < instants.length ? null : (known.sort((a, b) => Date.parse(a) - Date.parse(b))[0] ?? null);
}
