/**
 * Report: runs a definition's queries over a period and writes its files. No new facts: every number and row is a query's.
 */
import { link, mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { RecordHashes } from '../answers/record-hashes.ts';
import type { AnswerReader } from '../answers/reader.ts';
import { loadCatalog } from '../catalog/catalog.ts';
import { loadReports, type ReportDefinition } from '../catalog/reports.ts';
import { EXIT, WhoranError } from '../core/errors.ts';
import { inert } from '../core/inert.ts';
import type { SqlValue } from '../engine/database.ts';
import type { FiledAs } from '../core/filed-as.ts';
import { USUAL_FORMATS, type ReportFormat } from '../core/report-formats.ts';
import { ALL_IN_UTC, type ReportParameters } from '../core/report-parameters.ts';
import { inTimeZone } from './report-zone.ts';
import { rfc3339 } from '../core/times.ts';
import { hashFile } from '../evidence/manifest.ts';
import { writeBundle, type BundleResult, type BundleWish } from './bundle.ts';
import { LandedHashes } from './evidence-hashes.ts';
import { loadControlRelations, loadReportRelations } from './report-relations.ts';
import { scanForPeople, scanPage } from './redact-scan.ts';
import { withRedaction, type Redaction } from './redaction.ts';
import { accountName } from './report-document.ts';
import type { Spooled } from './report-spool.ts';
import { renderReport, type RenderOptions, type ReportMaterial } from './report-render.ts';

export interface ReportOptions {
  /** The period: `from` is in it, `to` is not. */
  readonly from: Date;
  readonly to: Date;
  /** Whose things are listed, and the time zone; everything, in UTC, where they are left out. */
  readonly parameters?: ReportParameters;
  /** Made where it is missing. Files of the same names are replaced; the usual umask applies. */
  readonly outDir: string;
  /** The time of the run, as the report states it. */
  readonly now: Date;
  /** Who ran it; the account of the operating system when left out. */
  readonly runBy?: string;
  /** The program's version; package.json's when left out. */
  readonly version?: string;
  /** How many rows of one table the page shows. */
  readonly pageRows?: number;
  /** Of the report's formats those to write; the usual ones where it is left out. */
  readonly formats?: readonly ReportFormat[];
  /** Told each step as it begins. */
  readonly progress?: (step: string) => void;
  /** The data folder of the reader: its ledger and journal. Without it, no batch is counted and nobody decided anything. */
  readonly dataDir?: string;
  /** The reader shows what was landed by then; decisions after it are left out. The report says so. */
  readonly knownAt?: Date;
  /** Under what it is filed; the report says so. */
  readonly filedAs?: FiledAs;
  readonly correct?: NonNullable<RenderOptions['correct']>;
  /** Writes an evidence bundle beside the files. */
  readonly bundle?: BundleWish;
  /** Puts pseudonyms in place of people, in the files and in the bundle. */
  readonly redact?: { readonly key: Buffer };
}

export interface ReportFile {
  readonly name: string;
  readonly path: string;
  readonly format: ReportFormat | 'note';
  readonly bytes: number;
  /** In hex. */
  readonly sha256: string;
}

/** Things of one kind in the period; null for what is of the whole data folder. In scope + out of scope + not assignable = in the period. */
export interface ScopeCount {
  readonly what: string;
  readonly in_period: number | null;
  readonly in_scope: number | null;
  readonly out_of_scope: number | null;
  readonly not_assignable: number | null;
}

export interface ReportResult {
  readonly id: string;
  readonly title: string;
  /** RFC 3339 UTC. */
  readonly from: string;
  readonly to: string;
  /** An IANA name. */
  readonly time_zone: string;
  /** Empty: all. */
  readonly accounts: readonly string[];
  readonly teams: readonly string[];
  /** What is in scope and what is left out, as the report's table `rpt_scope` says it. */
  readonly scope: readonly ScopeCount[];
  /** The least `complete_through` of all sources; null where nothing is landed. */
  readonly as_of: string | null;
  /** The page first. */
  readonly files: readonly ReportFile[];
  /** Rows of each table, by the query's id. */
  readonly rows: Readonly<Record<string, number>>;
  /** Pieces of evidence whose landed record was not found: 0, unless landing is damaged. */
  readonly missing_evidence: number;
  /** Null where none was asked for. */
  readonly bundle: BundleResult | null;
  /** What the report says of its filing; null where it is not filed. */
  readonly filed_as: FiledAs | null;
  readonly program_version: string;
  /** SHA-256 of each query's file, by its id. */
  readonly queries: Readonly<Record<string, string>>;
  /** SHA-256 of each table's rows as JSON lines, by the query's id. */
  readonly table_sha256: Readonly<Record<string, string>>;
}

export interface ReportListing {
  readonly id: string;
  readonly title: string;
  readonly description: string;
  readonly formats: readonly ReportFormat[];
  readonly controls: readonly string[];
}

/** Every report there is, in order of id. @throws CatalogError where a definition has faults */
export async function listReports(): Promise<ReportListing[]> {
  const definitions = await loadReports(await loadCatalog());
  return definitions.map(({ id, title, description, formats, controls }) => ({ id, title, description, formats, controls }));
}

/**
 * Runs one report. With the same data, period, parameters, `now`, `runBy` and program the bytes are the same.
 *
 * @param reader a published database, and landing to hash evidence from
 * @param id as `listReports` names it
 * @throws WhoranError (wrong use) for an id that there is none of, a period that is empty, an account, team or time zone that there is none of, and a data folder that
 *   correlation and detection have not filled; CatalogError for faults of the package's own files. No file is left half
 *   written; those of an earlier run stay until the new ones are whole.
 */
export async function runReport(reader: AnswerReader, id: string, options: ReportOptions): Promise<ReportResult> {
  const catalog = await loadCatalog();
  const definitions = await loadReports(catalog);
  const definition = inFormats(definitionOf(definitions, id), options.formats);
  checkRedaction(options);
  if (options.from >= options.to) {
    throw new WhoranError(`the period is empty: --from ${rfc3339(options.from)} is not before --to ${rfc3339(options.to)}`, {
      exitCode: EXIT.wrongUse,
      hint: 'The period holds --from and all that comes before --to.',
    });
  }
  const scratch = await scratchIn(options.outDir);
  try {
    const { parameters = ALL_IN_UTC } = options;
    await loadReportRelations(reader.db, { dataDir: options.dataDir, now: options.now, parameters, ...(options.knownAt ? { knownAt: options.knownAt } : {}) });
    await loadControlRelations(reader.db, catalog, definitions);
    const landed = new RecordHashes(reader);
    const { timeZone } = parameters;
    const material = { db: reader.db, hashes: new LandedHashes(landed), catalog, definition };
    const { redact } = options;
    if (!redact) return await inTimeZone(reader.db, timeZone, async () => publish(material, options, scratch));
    return await withRedaction(material, landed, options, redact.key, scratch, async (redacted, redaction) =>
      publish(redacted, { ...options, runBy: redaction.names.person(options.runBy ?? accountName()) }, scratch, { redaction, published: reader.db }),
    );
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

function definitionOf(definitions: readonly ReportDefinition[], id: string): ReportDefinition {
  const definition = definitions.find((candidate) => candidate.id === id);
  if (definition) return definition;
  throw new WhoranError(`there is no report ${JSON.stringify(id)}`, {
    exitCode: EXIT.wrongUse,
    hint: `There are: ${definitions.map((one) => one.id).join(', ')}. \`whoran report list\` says what each holds.`,
  });
}

/** The definition with only those of its formats that are wanted. @throws WhoranError where it is not made in one of them */
function inFormats(definition: ReportDefinition, wanted: readonly ReportFormat[] = USUAL_FORMATS.filter((format) => definition.formats.includes(format))): ReportDefinition {
  const missing = wanted.filter((format) => !definition.formats.includes(format));
  if (missing.length === 0) return { ...definition, formats: definition.formats.filter((format) => wanted.includes(format)) };
  throw new WhoranError(`report ${definition.id} is not made as ${missing.join(', ')}`, {
    exitCode: EXIT.wrongUse,
    hint: `It is made as ${definition.formats.join(', ')}.`,
  });
}

/** @throws WhoranError (wrong use) where a redacted report cannot be made so */
function checkRedaction({ redact, filedAs }: ReportOptions): void {
  if (redact && filedAs) throw new WhoranError('--redact: a filed report names people as they are', { exitCode: EXIT.wrongUse, hint: 'File the report without --redact, and write the redacted one beside it.' });
}

/** A new folder in the one where the files go, which is made where it is not there. @throws WhoranError (wrong use) where that cannot be */
async function scratchIn(outDir: string): Promise<string> {
  try {
    await mkdir(outDir, { recursive: true });
    return await mkdtemp(join(outDir, '.report-'));
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : '';
    const why: Readonly<Record<string, string>> = { EACCES: 'this user may not write there', EROFS: 'its file system is read-only', ENOSPC: 'its disk is full', EEXIST: 'it is a file', ENOTDIR: 'a part of it is a file' };
    throw new WhoranError(`the folder for the report, ${inert(outDir, 300)}, cannot be used: ${why[code] ?? code}`, { exitCode: EXIT.wrongUse, hint: 'Name another folder with --out.', cause });
  }
}

/** Renders into the scratch folder, and puts the files in their places once all of them are whole. */
async function publish(material: ReportMaterial, options: ReportOptions, scratch: string, redacting?: { readonly redaction: Redaction; readonly published: AnswerReader['db'] }): Promise<ReportResult> {
  const rendered = await renderReport(material, { ...options, isRedacted: redacting !== undefined, ...(redacting ? { lookAt: async (page: string) => scanPage(page, redacting.redaction.names) } : {}) }, scratch);
  const { document, spooled, files } = rendered;
  const bundle = options.bundle ? await writeBundle(material, rendered, options, options.bundle, scratch, redacting) : null;
  if (redacting && !bundle) await scanFiles(redacting, files.map(({ name }) => name), scratch);
  const hashes = Object.fromEntries(await Promise.all([...spooled].map(async ([id, { path }]) => [id, (await hashFile(path)).sha256] as const)));
  const scope = await scopeCounts(spooled.get('rpt_scope'));
  const written = files.map(({ name, format, bytes, sha256 }) => ({ name, path: join(options.outDir, name), format, bytes, sha256 }));
  for (const { name, path } of written) await rename(join(scratch, name), path);
  for (const path of [bundle?.path, bundle?.zip ?? undefined]) if (path !== undefined) await replace(join(scratch, basename(path)), path);
  return {
    id: document.id,
    title: document.title,
    from: document.period.from,
    to: document.period.to,
    time_zone: document.parameters.timeZone,
    accounts: document.parameters.accounts,
    teams: document.parameters.teams,
    scope,
    as_of: document.asOf,
    files: written,
    rows: Object.fromEntries([...spooled].map(([id, { rowCount }]) => [id, rowCount])),
    missing_evidence: [...spooled.values()].reduce((sum, { missingEvidence }) => sum + missingEvidence, 0),
    bundle,
    filed_as: document.filedAs,
    program_version: document.program.version,
    queries: Object.fromEntries(document.queries.map(({ id, sha256 }) => [id, sha256])),
    table_sha256: hashes,
  };
}

/** Looks for names in the rendered files, where there is no bundle that holds them. */
async function scanFiles({ redaction, published }: { readonly redaction: Redaction; readonly published: AnswerReader['db'] }, names: readonly string[], scratch: string): Promise<void> {
  const folder = join(scratch, 'shown');
  await mkdir(folder);
  for (const name of names) await link(join(scratch, name), join(folder, name));
  await scanForPeople(published, folder, redaction.names);
}

async function scopeCounts(spooled: Spooled | undefined): Promise<ScopeCount[]> {
  const counts: ScopeCount[] = [];
  const count = (cell: SqlValue | undefined): number | null => (typeof cell === 'number' ? cell : null);
  for await (const row of spooled?.rows() ?? []) {
    const { what, in_period: all, in_scope: listed, out_of_scope: others, not_assignable: unknown } = row;
    counts.push({ what: typeof what === 'string' ? what : '', in_period: count(all), in_scope: count(listed), out_of_scope: count(others), not_assignable: count(unknown) });
  }
  return counts;
}

/** As `rename`, and a folder takes the place of an older one. */
async function replace(from: string, to: string): Promise<void> {
  await rm(to, { recursive: true, force: true });
  await rename(from, to);
}
