/**
 * Replay: runs a bundle's own SQL over what it encloses, with no data folder and no network, and compares every byte with what it shows.
 *
 * The SQL comes with the bundle, so it is not trusted: once the inputs are loaded, the engine may open nothing more.
 */
import { createHash, hash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { loadCatalog } from '../catalog/catalog.ts';
import { loadReports, type ReportDefinition } from '../catalog/reports.ts';
import { packageRoot } from '../core/package-root.ts';
import { parametersOf } from '../core/report-parameters.ts';
import { isTimeZone, UTC } from '../core/time-zone.ts';
import { Database, isOutOfMemory } from '../engine/database.ts';
import { columnsIn, jsonRow } from '../engine/json-rows.ts';
import { literal, quoted } from '../engine/sql-text.ts';
import { hashFile, type BundleManifest } from '../evidence/manifest.ts';
import { csvTable } from '../render/csv.ts';
import { tableOf } from '../render/document.ts';
import type { Fault } from '../verifier/faults.ts';
import { FUNCTIONS, VIEWS } from './bundle-inputs.ts';
import { bundleReadme, README } from './bundle-readme.ts';
import { enclosedHashes } from './evidence-hashes.ts';
import { readJsonLines } from './json-lines.ts';
import { packageVersion, planFiles } from './report-document.ts';
import { REPORT_MEMORY } from './report-memory.ts';
import { renderReport, type RenderedReport } from './report-render.ts';
import { REPORT_FORMAT_WRITERS } from './report-formats.ts';
import { rowTexts } from './report-spool.ts';

export interface ReplayResult {
  /** Tables whose rows came out again, byte for byte. */
  readonly tables: readonly string[];
  /** Rendered files that did. */
  readonly rendered: readonly string[];
  /** Files that were not made again, and why. */
  readonly not_replayed: readonly { readonly file: string; readonly why: string }[];
  readonly faults: readonly Fault[];
}

export interface ReplayOptions {
  readonly progress?: (step: string) => void;
}

/** Rows of a table whose order is made at once. */
const ORDERED_TOGETHER = 50_000;

/** What a replay needs of a manifest. */
type ReplayFacts = Pick<BundleManifest, 'report' | 'tables' | 'corrects'> & { readonly redaction: object | null };

/**
 * Replays a bundle whose files have been verified, or are just written.
 * @throws where an enclosed file cannot be read as what it should be
 */
export async function replayBundle(folder: string, facts: ReplayFacts, options: ReplayOptions = {}): Promise<ReplayResult> {
  const tell = options.progress;
  const told: ReplayOptions = tell ? { progress: (step) => { tell(`replaying: ${step}`); } } : {};
  try {
    return await replayWithin(REPORT_MEMORY, folder, facts, told);
  } catch (error) {
    // Its doors are shut by then, also the one to more memory: so all of it, once more.
    if (!isOutOfMemory(error)) throw error;
    told.progress?.(`again, since ${REPORT_MEMORY} of memory were too little`);
    return replayWithin(undefined, folder, facts, told);
  }
}

/** @param memoryLimit DuckDB's; its own where it is undefined */
async function replayWithin(memoryLimit: string | undefined, folder: string, facts: ReplayFacts, options: ReplayOptions): Promise<ReplayResult> {
  const { report, tables, corrects } = facts;
  const scratch = await mkdtemp(join(tmpdir(), 'whoran-replay-'));
  // A file, not memory: the inputs of a long report are larger than what a replay may take.
  const db = await Database.open({ path: join(scratch, 'replay.duckdb'), temporaryDirectory: join(scratch, 'spill'), ...(memoryLimit === undefined ? {} : { memoryLimit }) });
  try {
    // The file goes with its folder: nothing has to be put in order before.
    await db.run('pragma disable_checkpoint_on_shutdown');
    options.progress?.('loading what the queries read');
    const parameters = parametersOf(report.time_zone, report.parameters);
    if (!isTimeZone(parameters.timeZone)) return { tables: [], rendered: [], not_replayed: [], faults: [{ file: 'manifest.json', expected: 'an IANA time zone in report.time_zone', found: JSON.stringify(parameters.timeZone) }] };
    await load(db, folder, Object.keys(tables), parameters.timeZone);
    const catalog = await loadCatalog(join(folder, 'program'));
    const definition = (await loadReports(catalog)).find(({ id }) => id === report.id);
    if (!definition) return { tables: [], rendered: [], not_replayed: [], faults: [{ file: 'program', expected: `reports/${report.id}.md`, found: 'no such definition' }] };
    const run = { from: new Date(report.from), to: new Date(report.to), parameters, now: new Date(report.run_at), runBy: report.run_by, version: report.program.version, ...(facts.redaction === null ? {} : { isRedacted: true }), ...(report.known_at === null ? {} : { knownAt: new Date(report.known_at) }), ...(report.filed_as === undefined ? {} : { filedAs: { id: report.filed_as, corrects } }) };
    const rendered = await renderReport({ db, hashes: enclosedHashes, catalog, definition: inFormatsOf(definition, run, folder) }, { ...run, isReplay: true, ...(options.progress ? { progress: options.progress } : {}) }, scratch);
    options.progress?.('comparing the tables');
    return await compare(db, folder, scratch, rendered, facts);
  } finally {
    db.close();
    await rm(scratch, { recursive: true, force: true });
  }
}

/**
 * Loads inputs as tables, and makes the views over them once the engine's doors are shut.
 * @param files folder of the inputs, the program's files of functions and, where the queries read views, of these; and the time zone of the queries' days
 * @param before what else is to be loaded
 */
export async function loadInputs(db: Database, files: { readonly inputs: string; readonly functions: string; readonly views: string | null; readonly timeZone: string }, before?: () => Promise<void>): Promise<void> {
  await db.file(files.functions);
  for (const name of (await readdir(files.inputs)).sort()) {
    await db.run(`create table ${quoted(basename(name, '.parquet'))} as select * from read_parquet(${literal(join(files.inputs, name))})`);
  }
  await before?.();
  if (files.timeZone !== UTC) await db.run(`set TimeZone = ${literal(files.timeZone)}`);
  await db.run('set enable_external_access = false');
  await db.run('set lock_configuration = true');
  if (files.views !== null) await db.file(files.views);
}

/** Loads the bundle's inputs, tables and record hashes, and shuts the engine's doors. */
async function load(db: Database, folder: string, tables: readonly string[], timeZone: string): Promise<void> {
  const views = join(folder, 'program', VIEWS);
  await loadInputs(db, { inputs: join(folder, 'inputs'), functions: join(folder, 'program', FUNCTIONS), views: existsSync(views) ? views : null, timeZone }, async () => loadShown(db, folder, tables));
}

async function loadShown(db: Database, folder: string, tables: readonly string[]): Promise<void> {
  for (const table of tables) {
    await db.run(`create table ${quoted(`shown_${table}`)} as select * from read_parquet(${literal(join(folder, 'tables', `${table}.parquet`))})`);
  }
  await db.run('create table bundle_records (source varchar, owner_id varchar, record_id varchar, sha256 varchar)');
  for (const name of existsSync(join(folder, 'records')) ? await readdir(join(folder, 'records')) : []) {
    await db.run(
      `insert into bundle_records select source, owner_id, record_id, min(sha256)
       from ${await readJsonLines(join(folder, 'records', name), "source: 'varchar', owner_id: 'varchar', record_id: 'varchar', sha256: 'varchar'")}
       group by all`,
    );
  }
}

/** The definition in those formats that the bundle's report was written in. */
function inFormatsOf(definition: ReportDefinition, facts: Parameters<typeof planFiles>[1], folder: string): ReportDefinition {
  const written = new Set(planFiles(definition, facts).filter(({ name }) => existsSync(join(folder, 'report', name))).map(({ format }) => format));
  return { ...definition, formats: definition.formats.filter((format) => written.has(format)) };
}

async function compare(db: Database, folder: string, scratch: string, { document, spooled, files, planned }: RenderedReport, facts: ReplayFacts): Promise<ReplayResult> {
  const { version } = facts.report.program;
  const faults: Fault[] = [];
  const tables: string[] = [];
  const isSame = async (shown: string, again: string): Promise<boolean> => {
    const { sha256 } = await hashFile(join(folder, shown));
    if (sha256 !== again) faults.push({ file: shown, expected: `what the enclosed SQL gives: sha256 ${again}`, found: `sha256 ${sha256}` });
    return sha256 === again;
  };
  for (const [id, rows] of spooled) {
    const { sha256 } = await hashFile(rows.path);
    if (await isSame(`tables/${id}.jsonl`, sha256)) tables.push(id);
    if ((await parquetRows(db, id)) !== sha256) faults.push({ file: `tables/${id}.parquet`, expected: 'the rows that the enclosed SQL gives', found: 'other rows' });
    const csv = files.find(({ table }) => table === id)?.sha256 ?? (await textHash(csvTable(tableOf(document, id), document.parameters.timeZone)));
    await isSame(`tables/${id}.csv`, csv);
  }
  const made = new Set([...spooled.keys()].flatMap((id) => ['jsonl', 'csv', 'parquet'].map((form) => `${id}.${form}`)));
  for (const name of (await readdir(join(folder, 'tables'))).sort()) if (!made.has(name)) faults.push({ file: `tables/${name}`, expected: 'tables of the definition’s queries', found: 'a file that none of them gives' });
  const own = await packageVersion(packageRoot());
  if (own !== version) {
    const why = `it was rendered by whoran ${version}, and this is ${own}`;
    return { tables, rendered: [], not_replayed: files.map(({ name }) => ({ file: `report/${name}`, why })), faults };
  }
  const rendered: string[] = [];
  await isSame(README, hash('sha256', bundleReadme(facts), 'hex'));
  for (const { name, format, sha256 } of files) {
    const file = `report/${name}`;
    const { difference } = REPORT_FORMAT_WRITERS[format];
    if (!difference) {
      if (await isSame(file, sha256)) rendered.push(file);
      continue;
    }
    const found = await difference(join(folder, file), join(scratch, name));
    if (found === null) rendered.push(file);
    else faults.push({ file, expected: 'what the enclosed SQL gives', found });
  }
  const known = new Set(files.map(({ name }) => name));
  const others = (await readdir(join(folder, 'report'))).filter((name) => !known.has(name)).sort();
  const why = (name: string): string => planned.flatMap((file) => (file.name === name ? [REPORT_FORMAT_WRITERS[file.format].attested ?? ''] : [])).find(Boolean) ?? 'the definition makes no such file';
  return { tables, rendered, not_replayed: others.map((name) => ({ file: `report/${name}`, why: `${why(name)}; it is attested by its hash` })), faults };
}

/** SHA-256 of a Parquet file's rows, written as `tables/<query>.jsonl` has them. */
async function parquetRows(db: Database, id: string): Promise<string> {
  const shown = quoted(`shown_${id}`);
  const described = await db.all<{ column_name: string; column_type: string }>(`describe ${shown}`);
  const types = described.map((column) => column.column_type);
  const row = jsonRow(columnsIn('t', described.map((column) => column.column_name), types));
  const counted = await db.get<{ rows: number }>(`select count(*) as rows from ${shown}`);
  const sum = createHash('sha256');
  // A piece at a time: to put a million rows' texts in order takes more than memory should.
  for (let from = 0; from < (counted?.rows ?? 0); from += ORDERED_TOGETHER) {
    const piece = `select ${row} as row_text from ${shown} t where t.rowid >= ${from} and t.rowid < ${from + ORDERED_TOGETHER} order by t.rowid`;
    for await (const texts of rowTexts(db, piece, types)) sum.update(`${texts.join('\n')}\n`);
  }
  return sum.digest('hex');
}

async function textHash(pieces: AsyncIterable<string>): Promise<string> {
  const sum = createHash('sha256');
  for await (const piece of pieces) sum.update(piece);
  return sum.digest('hex');
}
