/**
 * What changed between two bundles of one report: their facts, the program's files, and their tables, row by row and cell by cell. It needs
 * the bundles alone.
 */
import type { KeyObject } from 'node:crypto';
import { join } from 'node:path';
import { loadCatalog } from '../catalog/catalog.ts';
import { EXIT, WhoranError } from '../core/errors.ts';
import { inert } from '../core/inert.ts';
import { UTC } from '../core/time-zone.ts';
import { Database } from '../engine/database.ts';
import { queryText } from '../engine/query-file.ts';
import { literal, quoted } from '../engine/sql-text.ts';
import { hashFile } from '../evidence/manifest.ts';
import { withIntactBundle, type OpenBundle } from '../evidence/verify-bundle.ts';
import { csvField } from '../render/csv.ts';
import type { Verification } from '../verifier/verification.ts';
import { writeText } from './report-files.ts';

export interface DiffRequest {
  /** Each bundle's folder, or its zip. */
  readonly before: string;
  readonly after: string;
  /** The signer's public key, had from elsewhere: held against both. */
  readonly key?: KeyObject | undefined;
  /** Only these tables; all where it is left out. */
  readonly tables?: readonly string[];
  /** How many rows of each table are told; 0 tells all. */
  readonly limit: number;
  /** A CSV file to write all changes to. */
  readonly out?: string;
  readonly progress?: (step: string) => void;
}

/** One side, as its manifest says. Times are RFC 3339 UTC. */
export interface DiffSide {
  readonly path: string;
  readonly manifest_sha256: string;
  readonly key_id: string | null;
  readonly is_named_key: boolean | null;
  readonly report: string;
  readonly from: string;
  readonly to: string;
  /** An IANA name. */
  readonly time_zone: string;
  /** Empty: all. */
  readonly accounts: readonly string[];
  readonly teams: readonly string[];
  readonly known_at: string | null;
  /** People stand under pseudonyms. */
  readonly is_redacted: boolean;
  readonly as_of: string | null;
  readonly run_at: string;
  readonly run_by: string;
  readonly program_version: string;
  readonly ledger_lines: number;
  readonly journal_lines: number;
}

export interface TableDiff {
  readonly table: string;
  readonly title: string;
  /** Columns that tell its rows apart; empty where there is one row. */
  readonly key: readonly string[];
  readonly rows_before: number;
  readonly rows_after: number;
  /** Null where rows are items of different periods: then they are counted, and not held against each other. */
  readonly same: number | null;
  readonly changed: number | null;
  readonly added: number | null;
  readonly removed: number | null;
}

/** A cell that differs; a row that only one bundle has, where `column` is null. Values as the tables have them, as text. */
export interface CellDiff {
  readonly table: string;
  readonly change: 'changed' | 'added' | 'removed';
  readonly key: Readonly<Record<string, string | number | boolean | null>>;
  readonly column: string | null;
  readonly before: string | null;
  readonly after: string | null;
}

/** What the two were asked for and is not the same, as text: rows may differ for that alone. */
export interface AskedDiff {
  readonly what: 'period' | 'accounts' | 'teams' | 'time zone' | 'known at' | 'people';
  readonly before: string;
  readonly after: string;
}

export interface BundleDiff {
  readonly schema: 'whoran.diff/1';
  readonly before: DiffSide;
  readonly after: DiffSide;
  readonly asked: readonly AskedDiff[];
  readonly is_same_period: boolean;
  /** Files of the program that made the tables: SQL, the definition, names of controls. */
  readonly program: readonly { readonly file: string; readonly change: 'changed' | 'added' | 'removed' }[];
  readonly tables: readonly TableDiff[];
  readonly cells: readonly CellDiff[];
  /** The CSV, where one was asked for. */
  readonly out: string | null;
}

/**
 * Verifies both bundles, and compares them.
 *
 * Rows of items (those that name evidence) of different periods are other items, so they are only counted then.
 * @throws WhoranError where a bundle is altered (exit 1), where they are of different reports, or a table is in neither (wrong use)
 */
export async function diffBundles(request: DiffRequest): Promise<BundleDiff> {
  const { key, progress } = request;
  const open = { key, ...(progress ? { progress } : {}) };
  return withIntactBundle({ path: request.before, ...open }, async (before, beforeVerified) =>
    withIntactBundle({ path: request.after, ...open }, async (after, afterVerified) => {
      const sides = { before: await sideOf(request.before, before, beforeVerified), after: await sideOf(request.after, after, afterVerified) };
      if (sides.before.report !== sides.after.report) {
        throw new WhoranError(`the bundles are of different reports: ${inert(sides.before.report)} and ${inert(sides.after.report)}`, { exitCode: EXIT.wrongUse, hint: 'Compare two bundles of one report.' });
      }
      return compare(request, before, after, sides);
    }),
  );
}

async function sideOf(path: string, { folder, manifest }: OpenBundle, { signer }: Verification): Promise<DiffSide> {
  const text = (name: string): string => { const value = manifest.report[name]; return typeof value === 'string' ? value : ''; };
  const program = manifest.report['program'] as { version?: unknown } | undefined;
  const parameters = manifest.report['parameters'] as Record<string, unknown> | undefined;
  const names = (name: string): string[] => { const value = parameters?.[name]; return Array.isArray(value) ? value.map(String).sort() : []; };
  return {
    path, manifest_sha256: (await hashFile(join(folder, 'manifest.json'))).sha256, key_id: signer.key_id, is_named_key: signer.is_named_key,
    report: text('id'), from: text('from'), to: text('to'), time_zone: text('time_zone') || UTC, accounts: names('accounts'), teams: names('teams'),
    known_at: text('known_at') || null, is_redacted: manifest.redaction !== null, as_of: text('as_of') || null, run_at: text('run_at'), run_by: text('run_by'),
    program_version: typeof program?.version === 'string' ? program.version : '', ledger_lines: manifest.ledger.tree_size, journal_lines: manifest.journal.tree_size,
  };
}

const ASKED: readonly (readonly [what: AskedDiff['what'], textOf: (side: DiffSide) => string])[] = [
  ['period', ({ from, to }) => `${from} to ${to}`],
  ['accounts', ({ accounts }) => accounts.join(', ') || 'all'],
  ['teams', ({ teams }) => teams.map((team) => JSON.stringify(team)).join(', ') || 'all'],
  ['time zone', ({ time_zone: zone }) => zone],
  ['known at', ({ known_at: at }) => at ?? 'its run'],
  ['people', ({ is_redacted: isRedacted }) => (isRedacted ? 'under pseudonyms' : 'by name')],
];

function askedDiff(before: DiffSide, after: DiffSide): AskedDiff[] {
  return ASKED.map(([what, textOf]) => ({ what, before: textOf(before), after: textOf(after) })).filter((one) => one.before !== one.after);
}

/** Tables as a bundle's folder holds them: `tables/<query>.parquet`, and how many rows each has. */
export interface TableFolder {
  readonly folder: string;
  readonly manifest: { readonly files: { has(path: string): boolean }; readonly tables: ReadonlyMap<string, number> };
}

/** What tells a table's rows apart, and what it is called. */
export interface TableNames {
  readonly keyOf: (table: string) => readonly string[] | undefined;
  readonly titleOf: (table: string) => string;
}

async function compare(request: DiffRequest, before: OpenBundle, after: OpenBundle, sides: Pick<BundleDiff, 'before' | 'after'>): Promise<BundleDiff> {
  const isSamePeriod = sides.before.from === sides.after.from && sides.before.to === sides.after.to;
  const ids = [...new Set([...before.manifest.tables.keys(), ...after.manifest.tables.keys()])].sort();
  for (const table of request.tables ?? []) {
    if (!ids.includes(table)) throw new WhoranError(`neither bundle has a table ${inert(table, 100)}`, { exitCode: EXIT.wrongUse, hint: `There are: ${ids.map((id) => inert(id, 100)).join(', ')}.` });
  }
  const wanted = ids.filter((id) => request.tables?.includes(id) ?? true);
  const queries = new Map((await loadCatalog(join(after.folder, 'program'))).queries.filter(({ layer }) => layer === 'reports').map((query) => [query.id, query]));
  const keyOf = (table: string): readonly string[] | undefined => { const header = queries.get(table)?.header; return header && 'key' in header ? header.key : undefined; };
  const titleOf = (table: string): string => queries.get(table)?.header.title ?? table;
  const { tables, cells } = await compareTables(before, after, wanted, isSamePeriod, { keyOf, titleOf }, request);
  return { schema: 'whoran.diff/1', ...sides, asked: askedDiff(sides.before, sides.after), is_same_period: isSamePeriod, program: programDiff(before, after), tables, cells, out: request.out ?? null };
}

/** Holds tables against each other, row by row. Rows of items of different periods are only counted. */
export async function compareTables(
  before: TableFolder,
  after: TableFolder,
  wanted: readonly string[],
  isSamePeriod: boolean,
  { keyOf, titleOf }: TableNames,
  request: Pick<DiffRequest, 'limit' | 'out' | 'progress'>,
): Promise<Pick<BundleDiff, 'tables' | 'cells'>> {
  const db = await Database.open({ path: ':memory:' });
  try {
    request.progress?.('loading tables');
    await db.run('create table diff_before (table_id varchar, position bigint, key varchar, cells struct(name varchar, value varchar)[])');
    await db.run('create table diff_after as select * from diff_before');
    const counted = new Set<string>();
    for (const table of wanted) {
      const columns = [await columnsOf(db, before, table), await columnsOf(db, after, table)] as const;
      const isItems = columns.some((list) => list.some(({ isEvidence }) => isEvidence));
      if (isItems && !isSamePeriod) counted.add(table);
      else for (const [index, bundle] of [before, after].entries()) await load(db, index === 0 ? 'diff_before' : 'diff_after', bundle, table, columns[index] ?? [], keyOf(table));
    }
    await db.run('set enable_external_access = false');
    await db.run('set lock_configuration = true');
    request.progress?.('comparing');
    await db.run(`create table diff_rows as ${await queryText('bundles/diff_rows')}`);
    const rows = new Map((await db.all<Counts>(await queryText('bundles/diff_tables'))).map((row) => [row.table_id, row]));
    const tables = wanted.map((table): TableDiff => {
      const counts = rows.get(table);
      const known = counted.has(table) ? null : { same: counts?.same ?? 0, changed: counts?.changed ?? 0, added: counts?.added ?? 0, removed: counts?.removed ?? 0 };
      return {
        table, title: titleOf(table), key: keyOf(table) ?? [], rows_before: before.manifest.tables.get(table) ?? 0, rows_after: after.manifest.tables.get(table) ?? 0,
        same: known?.same ?? null, changed: known?.changed ?? null, added: known?.added ?? null, removed: known?.removed ?? null,
      };
    });
    const cellsSql = await queryText('bundles/diff_cells');
    if (request.out !== undefined) await writeText(request.out, csvLines(db.stream<CellRow>(cellsSql, { limit: 0 })));
    const cells = (await db.all<CellRow>(cellsSql, { limit: request.limit })).map(cellOf);
    return { tables, cells };
  } finally {
    db.close();
  }
}

interface Counts {
  readonly table_id: string;
  readonly same: number;
  readonly changed: number;
  readonly added: number;
  readonly removed: number;
}

interface Column {
  readonly name: string;
  readonly isEvidence: boolean;
  readonly isInstant: boolean;
}

async function columnsOf(db: Database, { folder, manifest }: TableFolder, table: string): Promise<Column[]> {
  if (!manifest.files.has(`tables/${table}.parquet`)) return [];
  const rows = await db.all<{ column_name: string; column_type: string }>(`select column_name, column_type from (describe select * from read_parquet(${literal(join(folder, 'tables', `${table}.parquet`))}))`);
  return rows.map(({ column_name: name, column_type: type }) => ({ name, isEvidence: /^STRUCT\(hop /i.test(type), isInstant: type === 'TIMESTAMP WITH TIME ZONE' }));
}

/** Puts a table's rows into `diff_before` or `diff_after`. Without a key, all its columns but the evidence are one. */
async function load(db: Database, target: string, { folder, manifest }: TableFolder, table: string, columns: readonly Column[], key: readonly string[] | undefined): Promise<void> {
  if (columns.length === 0 || (manifest.tables.get(table) ?? 0) === 0) return;
  const keyed = columns.filter(({ name, isEvidence }) => (key ? key.includes(name) : !isEvidence));
  const json = keyed.length === 0 ? `'{}'` : `cast(to_json({${keyed.map((column) => `${quoted(column.name)}: ${column.isInstant ? textOf(column) : quoted(column.name)}`).join(', ')}}) as varchar)`;
  const cells = columns.map((column) => `{name: ${literal(column.name)}, value: ${textOf(column)}}`);
  await db.run(`insert into ${target} select ${literal(table)}, file_row_number, ${json}, [${cells.join(', ')}] from read_parquet(${literal(join(folder, 'tables', `${table}.parquet`))}, file_row_number = true)`);
}

/** A value as text, in SQL: instants as RFC 3339 UTC, evidence as JSON. */
function textOf({ name, isEvidence, isInstant }: Column): string {
  if (isEvidence) return `cast(to_json(${quoted(name)}) as varchar)`;
  if (isInstant) return `regexp_replace(strftime(${quoted(name)} at time zone 'UTC', '%Y-%m-%dT%H:%M:%S.%fZ'), '[.]?0+Z$', 'Z')`;
  return `cast(${quoted(name)} as varchar)`;
}

function programDiff(before: OpenBundle, after: OpenBundle): BundleDiff['program'] {
  const filesOf = ({ manifest }: OpenBundle): Map<string, string> => new Map([...manifest.files.values()].flatMap(({ path, sha256 }) => (path.startsWith('program/') ? [[path.slice('program/'.length), sha256]] : [])));
  const [old, now] = [filesOf(before), filesOf(after)];
  return [...new Set([...old.keys(), ...now.keys()])].sort().flatMap((file) => {
    if (old.get(file) === now.get(file)) return [];
    return [{ file, change: !old.has(file) ? ('added' as const) : !now.has(file) ? ('removed' as const) : ('changed' as const) }];
  });
}

interface CellRow {
  readonly table_id: string;
  readonly change: CellDiff['change'];
  readonly key: string;
  readonly column_name: string | null;
  readonly value_before: string | null;
  readonly value_after: string | null;
}

function cellOf({ table_id: table, change, key, column_name: column, value_before: before, value_after: after }: CellRow): CellDiff {
  return { table, change, key: JSON.parse(key) as CellDiff['key'], column, before, after };
}

async function* csvLines(batches: AsyncIterable<readonly CellRow[]>): AsyncGenerator<string> {
  yield 'table,change,key,column,before,after\r\n';
  for await (const rows of batches) {
    for (const row of rows) yield `${[row.table_id, row.change, row.key, row.column_name, row.value_before, row.value_after].map(csvField).join(',')}\r\n`;
  }
}
