/**
 * Relations that reports read and the published database does not hold, since they change without a run: the ledger's lines, and where findings
 * stand by people's decisions. Temporary tables in the reader's connection.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { answerRow } from '../answers/reader.ts';
import { loadFindingLife } from '../answers/finding-life.ts';
import type { Catalog } from '../catalog/catalog.ts';
import type { ReportDefinition } from '../catalog/reports.ts';
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

/** Makes `lnd_batches`, `lnd_pulls` and, where detections have run, `finding_life`, in place of those before. */
export async function loadReportRelations(db: Database, { dataDir, now, knownAt }: RelationsOptions): Promise<void> {
  await loadLog(db, 'lnd_batches', 'landing/batches', dataDir, 'ledger.jsonl');
  await loadLog(db, 'lnd_pulls', 'landing/pulls', dataDir, 'pulls.jsonl');
  const findings = await answerRow<{ is_there: boolean }>({ db }, 'has_findings_table');
  if (findings?.is_there === true) await loadFindingLife(db, { dataDir, now, ...(knownAt ? { knownAt } : {}) });
}

/** Makes a table of the whole lines of one of landing's logs; empty where there is no such log. */
async function loadLog(db: Database, table: string, query: string, dataDir: string | undefined, file: string): Promise<void> {
  const log = dataDir === undefined ? undefined : join(dataDir, 'landing', file);
  const path = log !== undefined && existsSync(log) ? log : join(PACKAGE_ROOT, 'queries/life/nothing.jsonl');
  await db.run(`create or replace temp table ${table} as\n${await queryText(query)}`, { path, last_seq: lastWholeSeq(path) });
}

/**
 * Makes `report_controls`, the controls as the program's data files list them, and `report_control_things`: each report, report's table and
 * detection with the controls that it names.
 */
export async function loadControlRelations(db: Database, { controls, detections }: Pick<Catalog, 'controls' | 'detections'>, reports: readonly ReportDefinition[]): Promise<void> {
  await loadTexts(db, 'report_controls', controls.map(({ id, criterion, framework, name, shows, notShown }, index) => ({
    position: String(index + 1).padStart(4, '0'), control: id, framework, criterion, control_name: name, shows: shows ?? '', not_shown: notShown,
  })));
  const tables = new Map(reports.flatMap(({ queries }) => queries.map((query) => [query.id, query] as const)));
  const things = [
    ...reports.map(({ id, title, controls: named }) => ({ kind: 'report', thing: id, title, named })),
    ...[...tables.values()].map(({ id, header }) => ({ kind: 'table', thing: id, title: header.title, named: header.controls })),
    ...detections.map(({ id, header }) => ({ kind: 'detection', thing: id, title: header.title, named: header.controls })),
  ];
  await loadTexts(db, 'report_control_things', things.flatMap(({ named, ...thing }) => named.map((control) => ({ control, ...thing }))));
}

/** Makes a table of text columns, named as the first row's members; there is one row at least. */
async function loadTexts(db: Database, table: string, rows: readonly Readonly<Record<string, string>>[]): Promise<void> {
  const columns = Object.keys(rows[0] ?? {});
  const values = Object.fromEntries(columns.map((column) => [column, rows.map((row) => row[column] ?? '')]));
  await db.run(`create or replace temp table ${table} as select ${columns.map((column) => `unnest(cast($${column} as varchar[])) as ${column}`).join(', ')}`, values);
}
