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
import { EXIT, WhoranError } from '../core/errors.ts';
import { inert } from '../core/inert.ts';
import { nearest } from '../core/nearest.ts';
import { ALL_IN_UTC, isScoped, type ReportParameters } from '../core/report-parameters.ts';
import type { Database } from '../engine/database.ts';
import { PACKAGE_ROOT, queryText } from '../engine/query-file.ts';
import { lastWholeSeq } from '../landing/chain-log.ts';
import { REMOVALS } from '../landing/removal-log.ts';

export interface RelationsOptions {
  /** Whose landing is read; without one there are no batches and nobody decided anything. */
  readonly dataDir: string | undefined;
  /** For suppressions and exceptions that end: the time of the report. */
  readonly now: Date;
  /** Decisions after this instant are left out. */
  readonly knownAt?: Date;
  /** Whose things are listed; everybody's where they are left out. */
  readonly parameters?: ReportParameters;
}

/**
 * Makes `lnd_batches`, `lnd_removals`, `lnd_pulls`, `report_left_out` and, where detections have run, `finding_life`, in place of those before.
 * @throws WhoranError (wrong use) for an account or team that nothing landed and nothing configured names
 */
export async function loadReportRelations(db: Database, { dataDir, now, knownAt, parameters = ALL_IN_UTC }: RelationsOptions): Promise<void> {
  await loadLog(db, 'lnd_batches', 'landing/batches', dataDir, 'ledger.jsonl');
  await loadLog(db, 'lnd_removals', 'landing/removals', dataDir, REMOVALS);
  await loadLog(db, 'lnd_pulls', 'landing/pulls', dataDir, 'pulls.jsonl');
  const findings = await answerRow<{ is_there: boolean }>({ db }, 'has_findings_table');
  const hasFindings = findings?.is_there === true;
  if (hasFindings) await loadFindingLife(db, { dataDir, now, ...(knownAt ? { knownAt } : {}) });
  await loadScope(db, parameters, hasFindings);
}

/** Makes `report_left_out`, the places that are not asked for: none without a scope, and none to tell where detections have not run (no report is then). */
async function loadScope(db: Database, parameters: ReportParameters, hasFindings: boolean): Promise<void> {
  const columns = 'account_id varchar, cluster_name varchar, role_arn varchar, team varchar, standing varchar';
  await db.run(`create or replace temp table report_left_out (${columns})`);
  if (!isScoped(parameters) || !hasFindings) return;
  await checkScope(db, parameters);
  const { accounts, teams } = parameters;
  await db.run(`create or replace temp table report_left_out as\n${await queryText('parameters/report_left_out')}`, { accounts, teams });
}

async function checkScope(db: Database, { accounts, teams }: ReportParameters): Promise<void> {
  const names = async (query: string): Promise<string[]> => (await db.all<{ name: string }>(query)).map(({ name }) => name);
  const knownTeams = await names('select distinct team as name from cfg_teams order by team');
  refuseUnknown('--team', 'the configuration has no team', teams, knownTeams, 'The configuration names teams under alerts.teams; `whoran correlate` takes up a changed one.');
  if (accounts.length === 0) return;
  const knownAccounts = (await db.all<{ account_id: string }>(await queryText('parameters/known_accounts'))).map(({ account_id: id }) => id);
  refuseUnknown('--account', 'no landed record is of account', accounts, knownAccounts, 'An account that is to be reported before it delivers belongs into the configuration, under expected.accounts.');
}

/** How many names a refusal lists. */
const LISTED = 20;

function refuseUnknown(option: string, fault: string, asked: readonly string[], known: readonly string[], next: string): void {
  const unknown = asked.find((name) => !known.includes(name));
  if (unknown === undefined) return;
  const shown = (name: string): string => inert(JSON.stringify(name), 80);
  const near = nearest(unknown, known);
  const others = known.length === 0 ? 'There is none.' : `There ${known.length === 1 ? 'is' : 'are'} ${known.slice(0, LISTED).map(shown).join(', ')}${known.length > LISTED ? ` and ${known.length - LISTED} more` : ''}.`;
  throw new WhoranError(`${option}: ${fault} ${shown(unknown)}`, { exitCode: EXIT.wrongUse, hint: `${near === undefined ? others : `Did you mean ${shown(near)}?`} ${next}` });
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
