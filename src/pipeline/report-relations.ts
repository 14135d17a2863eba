/**
 * Relations that reports read and the published database does not hold, since they change without a run: the ledger's lines, and where findings
 * stand by people's decisions. Temporary tables in the reader's connection.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { answerRow } from '../answers/reader.ts';
import { loadFindingLife } from '../answers/finding-life.ts';
import type { Database } from '../engine/database.ts';
import { PACKAGE_ROOT, queryText } from '../engine/query-file.ts';
import { lastWholeSeq } from '../landing/chain-log.ts';

export interface RelationsOptions {
  /** Whose landing is read; without one there are no batches and nobody decided anything. */
  readonly dataDir: string | undefined;
  /** For suppressions and exceptions that end: the time of the report. */
  readonly now: Date;
  /** Decisions after this instant are left out. */
  readonly knownAt?: Date;
}

/** Makes `lnd_batches` and, where detections have run, `finding_life`, in place of those before. */
export async function loadReportRelations(db: Database, { dataDir, now, knownAt }: RelationsOptions): Promise<void> {
  const ledger = dataDir === undefined ? undefined : join(dataDir, 'landing', 'ledger.jsonl');
  const path = ledger !== undefined && existsSync(ledger) ? ledger : join(PACKAGE_ROOT, 'queries/life/nothing.jsonl');
  await db.run(`create or replace temp table lnd_batches as\n${await queryText('landing/batches')}`, { path, last_seq: lastWholeSeq(path) });
  const findings = await answerRow<{ is_there: boolean }>({ db }, 'has_findings_table');
  if (findings?.is_there === true) await loadFindingLife(db, { dataDir, now, ...(knownAt ? { knownAt } : {}) });
}
