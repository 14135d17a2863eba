/**
 * Recording how findings changed since the last run, in landing's `alerts.jsonl`: what is in no projection any more has a history there.
 */
import type { AlertLine, FindingChanged } from '../landing/alert-log.ts';
import type { ChainLog } from '../landing/chain-log.ts';
import type { Database } from '../engine/database.ts';
import { queryText } from '../engine/query-file.ts';

export interface RecordOptions {
  readonly log: ChainLog<AlertLine>;
  /** The run's clock. */
  readonly now: Date;
  readonly runId: string | null;
  /** A provisional finding that is younger is not recorded: sign-ins that are minutes late are no history. */
  readonly provisionalAfterMinutes: number;
}

type Change = Omit<FindingChanged, 'kind' | 'at' | 'run_id'>;

/**
 * Appends a line for each finding that is new, settled, gone, there again, or shown by new records after somebody had resolved it. The same
 * projection a second time appends nothing. `finding_life` has to be loaded, and is out of date afterwards.
 * @returns how many lines, by cause
 */
export async function recordFindingChanges(db: Database, { log, now, runId, provisionalAfterMinutes }: RecordOptions): Promise<Readonly<Partial<Record<FindingChanged['cause'], number>>>> {
  const changes = await db.all<Change>(await queryText('life/changes_due'), { recorded_before: new Date(now.getTime() - provisionalAfterMinutes * 60_000) });
  const counts: Partial<Record<FindingChanged['cause'], number>> = {};
  for (const { cause } of changes) counts[cause] = (counts[cause] ?? 0) + 1;
  const lines = changes.map((change): FindingChanged => ({ kind: 'finding', at: now.toISOString(), run_id: runId, ...change }));
  if (lines.length > 0) log.append(lines);
  return counts;
}
