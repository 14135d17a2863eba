/**
 * The life of findings: what detections found, what runs recorded, what people decided. Put together when it is read, so that a
 * decision counts at once.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Database } from '../engine/database.ts';
import { PACKAGE_ROOT, queryText } from '../engine/query-file.ts';
import { alertLogPath } from '../landing/alert-log.ts';
import { lastWholeSeq } from '../landing/chain-log.ts';
import { JOURNAL } from '../landing/journal.ts';

export interface LifeOptions {
  /** Where the journal and the log of alerts are; without a folder nobody has decided anything, and nothing was recorded. */
  readonly dataDir: string | undefined;
  /** For suppressions and exceptions that end. */
  readonly now: Date;
  /** Decisions and records after this instant are left out; the latest of them counts without it. */
  readonly knownAt?: Date;
}

const FOREVER = new Date('9999-12-31T00:00:00Z');

/**
 * Makes the temporary tables `life_decisions`, `life_changes`, `life_messages` and `finding_life` (columns: the SQL files of `queries/life/`)
 * in a reader's or a writer's database, in place of those before.
 */
export async function loadFindingLife(db: Database, { dataDir, now, knownAt = FOREVER }: LifeOptions): Promise<void> {
  const journal = orNothing(dataDir === undefined ? undefined : join(dataDir, 'landing', JOURNAL));
  const log = orNothing(dataDir === undefined ? undefined : alertLogPath(dataDir));
  await derive(db, 'life_decisions', 'decisions', { path: journal, known_at: knownAt, last_seq: lastWholeSeq(journal) });
  const alerts = { path: log, known_at: knownAt, last_seq: lastWholeSeq(log) };
  await derive(db, 'life_changes', 'changes', alerts);
  await derive(db, 'life_messages', 'messages', alerts);
  await derive(db, 'finding_life', 'finding_life', { now });
}

async function derive(db: Database, table: string, query: string, parameters: Record<string, string | number | Date>): Promise<void> {
  await db.run(`create or replace temp table ${table} as\n${await queryText(`life/${query}`)}`, parameters);
}

/** Where nobody decided anything yet, and no run recorded anything, there is no file; DuckDB wants one. */
function orNothing(path: string | undefined): string {
  return path !== undefined && existsSync(path) ? path : join(PACKAGE_ROOT, 'queries/life/nothing.jsonl');
}
