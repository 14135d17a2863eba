/**
 * Filing a report: it is made of landing alone, as it stands, and the journal says of what and with which bytes. So it can be made again,
 * byte for byte, whatever is landed or decided later. A second filing of one report and period corrects the first, and says what changed.
 */
import { hash } from 'node:crypto';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import type { Config } from '../config/config.ts';
import { EXIT, WhoranError } from '../core/errors.ts';
import { CORRECTION_ROWS, type Correction } from '../core/filed-as.ts';
import { inert } from '../core/inert.ts';
import { REPORT_FORMATS } from '../core/report-formats.ts';
import { ALL_IN_UTC, reportParameters, type ReportParameters } from '../core/report-parameters.ts';
import { hashFile } from '../evidence/manifest.ts';
import { chainLineHash } from '../landing/chain-log.ts';
import { filingLine, filingsOf, type Filing } from '../landing/filings.ts';
import { ReportRemovals } from '../landing/report-removals.ts';
import { openLandedBatches } from '../landing/landed-batches.ts';
import { parametersTag } from '../render/parameters-tag.ts';
import { storeFolder } from '../store/manifest.ts';
import { compareTables, type TableFolder } from './bundle-diff.ts';
import { writeParquet } from './bundle-tables.ts';
import { appendToJournal } from './journal.ts';
import { positionsAt, positionsNow, type Positions } from './known-at.ts';
import { withFolderAt } from './known-at-folder.ts';
import { accountName, baseName } from './report-document.ts';
import { REPORT_FORMAT_WRITERS } from './report-formats.ts';
import { evidenceColumnsOf, type RenderOptions } from './report-render.ts';
import { runReport, type ReportOptions, type ReportResult } from './report.ts';

export type { Filing };

/** As for `runReport`; what is landed and known is this module's to say. */
export type FiledOptions = Omit<ReportOptions, 'dataDir' | 'knownAt' | 'filedAs' | 'correct'>;

export interface FileRequest extends FiledOptions {
  readonly note?: string;
  readonly sleep: (ms: number) => Promise<void>;
}

export interface Filed {
  readonly filing: Filing;
  readonly report: ReportResult;
}

/** What a filed report gives when it is made again. */
export interface MadeAgain extends Filed {
  /** Whether every file is the filed one, byte for byte. */
  readonly is_same: boolean;
  /** Whether retention removed the files that were written then; null where it did not. */
  readonly removed: RemovedFiling;
  /** Files that are not, or are not there. */
  readonly differing: readonly string[];
  /** Files that no two runs make alike: their filed hash is all there is. */
  readonly not_comparable: readonly string[];
  /** What is not as it was then. */
  readonly causes: readonly string[];
}

/** What became of a filed report's files: retention removed so many of those that were written. Null where none were removed. */
export type RemovedFiling = ReturnType<ReportRemovals['ofFiling']>;

/** The removal of files of each filed report, by its id. */
export function filingRemovals(dataDir: string): ReadonlyMap<string, NonNullable<RemovedFiling>> {
  const journal = [...openLandedBatches(dataDir).decisions()];
  const removals = new ReportRemovals(journal);
  return new Map(filingsOf(journal).flatMap((filing) => { const removal = removals.ofFiling(filing); return removal ? [[filing.id, removal] as const] : []; }));
}

/** Every filed report, oldest first. */
export function listFilings(dataDir: string): Filing[] {
  return filingsOf(openLandedBatches(dataDir).decisions());
}

/** @throws WhoranError (wrong use) where there is none of that id */
export function filingOf(dataDir: string, id: string): Filing {
  const found = listFilings(dataDir).find((filing) => filing.id === id);
  if (found) return found;
  throw new WhoranError(`no report is filed as ${inert(JSON.stringify(id), 200)}`, { exitCode: EXIT.wrongUse, hint: '`whoran report filed` lists those that are.' });
}

/** The report as known at `at`: of what was landed and decided by then. Without a filing, so its head says today's run. */
export async function reportKnownAt(dataDir: string, config: Config, id: string, at: Date, options: FiledOptions): Promise<ReportResult> {
  return reportAt(dataDir, config, id, positionsAt(dataDir, at), at, options, {});
}

/**
 * Writes a report and files it.
 * @throws WhoranError as `runReport` does, where nothing is landed, and where somebody filed the same meanwhile (then it is written, and not filed)
 */
export async function fileReport(dataDir: string, config: Config, id: string, request: FileRequest): Promise<Filed> {
  const { now, from, to, note, sleep, parameters = ALL_IN_UTC } = request;
  const options = { ...request, runBy: request.runBy ?? accountName() };
  const positions = positionsNow(dataDir);
  const wish = { report: id, from, to, parameters };
  const earlier = sameReport(listFilings(dataDir), wish);
  const corrected = earlier.at(-1);
  const filingId = `${baseName(id, wish)}_${earlier.length + 1}`;
  const report = await withCorrection(dataDir, config, corrected, options, async (correct) => reportAt(dataDir, config, id, positions, now, options, { filedAs: { id: filingId, corrects: null }, correct }));
  const landing = join(dataDir, 'landing');
  const line = filingLine({
    id: filingId, filed_by: options.runBy, note: note ?? null, report: id, from: report.from, to: report.to,
    time_zone: parameters.timeZone, accounts: parameters.accounts, teams: parameters.teams, as_of: report.as_of,
    formats: REPORT_FORMATS.filter((format) => report.files.some((file) => file.format === format)), positions,
    ledger_head_sha256: headHash(join(landing, 'ledger.jsonl'), positions.ledger), journal_head_sha256: headHash(join(landing, 'journal.jsonl'), positions.journal),
    program_version: report.program_version, config_sha256: configHash(config), files: Object.fromEntries(report.files.map(({ name, sha256 }) => [name, sha256])),
    folder: resolve(options.outDir), tables: report.table_sha256, queries: report.queries, manifest_sha256: report.bundle?.manifest_sha256 ?? null,
    bundle: report.bundle === null ? null : basename(report.bundle.path), zip_sha256: typeof report.bundle?.zip === 'string' ? (await hashFile(report.bundle.zip)).sha256 : null, corrects: corrected?.id ?? null,
    changes: (report.filed_as?.corrects?.tables ?? []).flatMap(({ table, added, removed, changed }) => (added + removed + changed === 0 ? [] : [`${table}: ${added} added, ${removed} removed, ${changed} changed`])),
  });
  await appendToJournal(dataDir, now.toISOString(), () => {
    if (sameReport(listFilings(dataDir), wish).length === earlier.length) return [line];
    throw new WhoranError('somebody filed the same report meanwhile', { exitCode: EXIT.found, hint: 'What was written now is not filed. See `whoran report filed`, and file it again if it is still wanted.' });
  }, sleep);
  return { filing: filingOf(dataDir, filingId), report };
}

/**
 * Makes a filed report again, with its own head, and holds every file against the filed hash.
 * @param options its formats and whether there is a bundle are the filing's where they are left out; its times and `runBy` always are
 */
export async function makeFiled(dataDir: string, config: Config, filing: Filing, options: Pick<FiledOptions, 'outDir' | 'bundle' | 'progress'>): Promise<MadeAgain> {
  const corrected = filing.corrects === null ? undefined : filingOf(dataDir, filing.corrects);
  const own = filedOptions(filing, options);
  const report = await withCorrection(dataDir, config, corrected, own, async (correct) =>
    reportAt(dataDir, config, filing.report, filing.positions, new Date(filing.filed_at), own, { filedAs: { id: filing.id, corrects: null }, correct }),
  );
  const made = new Map(report.files.map(({ name, sha256 }) => [name, sha256]));
  const attested = new Set(report.files.filter(({ format }) => REPORT_FORMAT_WRITERS[format].attested !== null).map(({ name }) => name));
  const differing = Object.entries(filing.files).flatMap(([name, sha256]) => (made.get(name) === sha256 || attested.has(name) ? [] : [name]));
  if (report.bundle !== null && filing.manifest_sha256 !== null && report.bundle.manifest_sha256 !== filing.manifest_sha256) differing.push('manifest.json');
  return { filing, report, is_same: differing.length === 0, removed: filingRemovals(dataDir).get(filing.id) ?? null, differing, not_comparable: [...attested].sort(), causes: causesOf(dataDir, config, filing, report) };
}

/** The filings of this report, period and parameters, oldest first: one corrects the one before. */
export function sameReport(filings: readonly Filing[], { report, from, to, parameters }: { report: string; from: Date; to: Date; parameters: ReportParameters }): Filing[] {
  const tag = parametersTag(parameters);
  return filings.filter((filing) => filing.report === report && Date.parse(filing.from) === from.getTime() && Date.parse(filing.to) === to.getTime() && parametersTag(filedParameters(filing)) === tag);
}

function filedParameters({ time_zone: timeZone, accounts, teams }: Filing): ReportParameters {
  return reportParameters({ timeZone, accounts, teams });
}

function filedOptions(filing: Filing, options: Pick<FiledOptions, 'outDir' | 'bundle' | 'progress'>): FiledOptions & { readonly runBy: string } {
  const formats = REPORT_FORMATS.filter((format) => filing.formats.includes(format));
  return { ...options, from: new Date(filing.from), to: new Date(filing.to), parameters: filedParameters(filing), now: new Date(filing.filed_at), runBy: filing.filed_by, formats };
}

type Heads = Pick<ReportOptions, 'filedAs' | 'correct'>;

async function reportAt(dataDir: string, config: Config, id: string, positions: Positions, knownAt: Date, options: FiledOptions, heads: { [Name in keyof Heads]?: Heads[Name] | undefined }): Promise<ReportResult> {
  const { filedAs, correct } = heads;
  return withFolderAt(
    dataDir, positions, config,
    async (reader, cut) =>
      runReport(reader, id, {
        ...options, dataDir: cut, knownAt, ...(filedAs ? { filedAs } : {}), ...(correct ? { correct } : {}), ...(options.bundle ? { bundle: { ...options.bundle, dataDir: cut } } : {}),
      }),
    options.progress,
  );
}

/**
 * Makes the corrected report's tables again first, and gives `work` what holds the new ones against them. Both may be of one database, which
 * is never open twice.
 */
async function withCorrection<Result>(dataDir: string, config: Config, corrected: Filing | undefined, options: FiledOptions, work: (correct: RenderOptions['correct'] | undefined) => Promise<Result>): Promise<Result> {
  if (!corrected) return work(undefined);
  const scratch = await mkdtemp(join(storeFolder(dataDir), '.correct-'));
  try {
    const before = await tablesOf(dataDir, config, corrected, join(scratch, 'before'), options.progress);
    return await work(async (material, spooled) => {
      const folder = join(scratch, 'after');
      const after = await keepTables(material, spooled, folder);
      const headers = new Map(material.definition.queries.map(({ id, header }) => [id, header]));
      const keyOf = (table: string): readonly string[] | undefined => { const header = headers.get(table); return header && 'key' in header ? header.key : undefined; };
      const wanted = [...new Set([...before.tables.manifest.tables.keys(), ...after.manifest.tables.keys()])].sort();
      const { tables, cells } = await compareTables(before.tables, after, wanted, true, { keyOf, titleOf: (table) => headers.get(table)?.title ?? table }, { limit: CORRECTION_ROWS });
      return {
        filed: corrected.id, filed_at: corrected.filed_at, filed_by: corrected.filed_by, manifest_sha256: corrected.manifest_sha256, is_filed_again: before.isSame,
        tables: tables.map(({ table, title, rows_before, rows_after, added, removed, changed }) => ({ table, title, rows_before, rows_after, added: added ?? 0, removed: removed ?? 0, changed: changed ?? 0 })),
        changes: cells.map(({ table, change, key, column, before: old, after: now }) => ({ table, change, key, column, before: old, after: now })),
      } satisfies Correction;
    });
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

/** A filed report's tables, made again; and whether they are as they were filed. */
async function tablesOf(dataDir: string, config: Config, filing: Filing, folder: string, progress: FiledOptions['progress']): Promise<{ readonly tables: TableFolder; readonly isSame: boolean }> {
  let tables: TableFolder | undefined;
  const options = { ...filedOptions(filing, { outDir: join(folder, 'report'), ...(progress ? { progress } : {}) }), formats: ['json'] as const };
  const report = await reportAt(dataDir, config, filing.report, filing.positions, new Date(filing.filed_at), options, {
    filedAs: { id: filing.id, corrects: null },
    correct: async (material, spooled) => {
      tables = await keepTables(material, spooled, folder);
      return null;
    },
  });
  if (!tables) throw new Error(`report ${filing.report} gave no tables`);
  return { tables, isSame: JSON.stringify(Object.entries(report.table_sha256).sort()) === JSON.stringify(Object.entries(filing.tables).sort()) };
}

async function keepTables({ db, definition }: Parameters<NonNullable<RenderOptions['correct']>>[0], spooled: Parameters<NonNullable<RenderOptions['correct']>>[1], folder: string): Promise<TableFolder> {
  await mkdir(join(folder, 'tables'), { recursive: true });
  const evidenceColumns = evidenceColumnsOf(definition);
  for (const [id, rows] of spooled) await writeParquet(db, rows, evidenceColumns, join(folder, 'tables', `${id}.parquet`));
  return { folder, manifest: { files: new Set([...spooled.keys()].map((id) => `tables/${id}.parquet`)), tables: new Map([...spooled].map(([id, { rowCount }]) => [id, rowCount])) } };
}

/** Why bytes may differ, each by what the filing says of it. */
function causesOf(dataDir: string, config: Config, filing: Filing, report: ReportResult): string[] {
  const causes: string[] = [];
  if (filing.program_version !== report.program_version) causes.push(`it was filed with whoran ${filing.program_version}, and this is ${report.program_version}`);
  const queries = Object.entries(filing.queries).filter(([id, sha256]) => report.queries[id] !== sha256).map(([id]) => id);
  if (queries.length > 0) causes.push(`the SQL of ${queries.join(', ')} is another`);
  if (filing.config_sha256 !== configHash(config)) causes.push('the configuration is another');
  for (const name of ['ledger', 'journal'] as const) {
    const expected = name === 'ledger' ? filing.ledger_head_sha256 : filing.journal_head_sha256;
    if (headHash(join(dataDir, 'landing', `${name}.jsonl`), filing.positions[name]) !== expected) causes.push(`landing/${name}.jsonl is not what it was: line ${filing.positions[name]} is another, or gone`);
  }
  return causes;
}

const headHash = (path: string, last: number): string | null => (last === 0 ? null : chainLineHash(path, last));

function configHash(config: Config): string {
  return hash('sha256', JSON.stringify(config), 'hex');
}
