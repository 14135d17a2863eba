/**
 * Rendering a report: its queries' rows, each into a file of its own, and out of these every format. A data folder's report and the replay of
 * a bundle are made by the same steps, or the one would be no check of the other.
 */
import { join } from 'node:path';
import type { AnswerReader } from '../answers/reader.ts';
import type { Catalog, Query } from '../catalog/catalog.ts';
import { CatalogError } from '../catalog/faults.ts';
import type { ReportDefinition } from '../catalog/reports.ts';
import { EXIT, WhoranError } from '../core/errors.ts';
import type { Correction } from '../core/filed-as.ts';
import type { ReportDocument, Table } from '../render/document.ts';
import type { EvidenceHashes } from './evidence-hashes.ts';
import { planFiles, reportDocument, type PlannedFile, type ReportRunFacts } from './report-document.ts';
import { REPORT_FORMAT_WRITERS } from './report-formats.ts';
import { runsOf } from './report-runs.ts';
import { ReportSpool, type Spooled } from './report-spool.ts';

/** How many rows of one table the page shows; the files have all. */
const PAGE_ROWS = 5000;

/** A longer table tells its progress each time so many of its rows are written. */
const TOLD_EVERY = 100_000;

/** What a report is made of. */
export interface ReportMaterial {
  readonly db: AnswerReader['db'];
  /** The landed records' hashes, for evidence. */
  readonly hashes: EvidenceHashes;
  readonly catalog: Catalog;
  readonly definition: ReportDefinition;
}

export interface RenderOptions extends ReportRunFacts {
  /** How many rows of one table the page shows. */
  readonly pageRows?: number;
  /** Whether files that a replay cannot make again are left out; the page still names them. */
  readonly isReplay?: boolean;
  /** Asked once the rows are there and before a file is written: what of an earlier report these correct. */
  readonly correct?: (material: ReportMaterial, spooled: ReadonlyMap<string, Spooled>) => Promise<Correction | null>;
  /** Looks at the page that a PDF is printed from, before it is, and throws where it must not be. */
  readonly lookAt?: (page: string) => Promise<void>;
  /** Told each step as it begins. */
  readonly progress?: (step: string) => void;
}

/** A file as it was written. */
export interface RenderedFile extends PlannedFile {
  readonly bytes: number;
  /** Lower-case hex. */
  readonly sha256: string;
}

export interface RenderedReport {
  readonly document: ReportDocument;
  readonly spooled: ReadonlyMap<string, Spooled>;
  /** All files of the report, also those that a replay leaves out. */
  readonly planned: readonly PlannedFile[];
  /** The page first. */
  readonly files: readonly RenderedFile[];
}

/**
 * Runs the queries and writes the files into `folder`, which is there and has none of them. The rows stay there too, for as long as the folder does.
 * @throws WhoranError (wrong use) where the database lacks what a query reads; CatalogError for faults of the definition
 */
export async function renderReport(material: ReportMaterial, options: RenderOptions, folder: string): Promise<RenderedReport> {
  const planned = planFiles(material.definition, options);
  const written = planned.filter(({ format }) => options.isReplay !== true || isReplayed(format));
  for (const { format } of written) REPORT_FORMAT_WRITERS[format].check?.();
  const spooled = await spoolAll(material, options, folder);
  const document = await reportDocument(material, material.catalog, material.definition, await corrected(material, options, spooled), spooled);
  const files: RenderedFile[] = [];
  for (const file of written) {
    options.progress?.(`writing ${file.name}`);
    files.push({ ...file, ...(await REPORT_FORMAT_WRITERS[file.format].write({ file, document: tellingRows(document, file.name, options.progress), files: planned, rowLimit: options.pageRows ?? PAGE_ROWS, folder, ...(options.lookAt ? { lookAt: options.lookAt } : {}) })) });
  }
  return { document, spooled, planned, files };
}

/** Whether a replay makes such files again. */
function isReplayed(format: PlannedFile['format']): boolean {
  const { attested, difference } = REPORT_FORMAT_WRITERS[format];
  return attested === null || difference !== undefined;
}

async function corrected(material: ReportMaterial, options: RenderOptions, spooled: ReadonlyMap<string, Spooled>): Promise<ReportRunFacts> {
  if (!options.correct || !options.filedAs) return options;
  return { ...options, filedAs: { ...options.filedAs, corrects: await options.correct(material, spooled) } };
}

/** The document, whose long tables tell how far they are read into a file. */
function tellingRows(document: ReportDocument, file: string, progress: RenderOptions['progress']): ReportDocument {
  if (progress === undefined) return document;
  const tables = [...document.tables].map(([id, table]): [string, Table] => {
    if (table.rowCount <= TOLD_EVERY) return [id, table];
    const told = async function* <Item>(items: AsyncIterable<Item>): AsyncGenerator<Item> {
      let read = 0;
      for await (const item of items) {
        yield item;
        read += 1;
        if (read % TOLD_EVERY === 0) progress(`writing ${file}: ${read} of ${table.rowCount} rows of ${id}`);
      }
    };
    return [id, { ...table, rows: () => told(table.rows()), lines: () => told(table.lines()) }];
  });
  return { ...document, tables: new Map(tables) };
}

async function spoolAll({ db, hashes, definition }: ReportMaterial, options: RenderOptions, folder: string): Promise<Map<string, Spooled>> {
  const { queries } = definition;
  const evidenceColumns = evidenceColumnsOf(definition);
  const spool = await ReportSpool.open(db, hashes);
  const spooled = new Map<string, Spooled>();
  try {
    for (const query of queries) {
      options.progress?.(`running ${query.id}`);
      try {
        const runs = await runsOf(db, query, parametersOf(query, options));
        spooled.set(query.id, await spool.add({ sql: query.sql, runs, evidenceColumns, progress: (part) => options.progress?.(`running ${query.id}: ${part}`) }, join(folder, `${query.id}.rows`)));
      } catch (error) {
        throw queryFailure(query, error);
      }
    }
  } finally {
    await spool.close();
  }
  return spooled;
}

/** The columns that hold evidence, in whichever table. */
export function evidenceColumnsOf({ columns }: ReportDefinition): string[] {
  return Object.entries(columns).flatMap(([name, { kind }]) => (kind === 'evidence' ? [name] : []));
}

function parametersOf(query: Query, { from, to }: ReportRunFacts): Record<string, Date> {
  const known: Record<string, Date> = { from, to };
  return Object.fromEntries(
    Object.keys(query.header.params).map((name) => {
      const value = known[name];
      if (value === undefined) throw new CatalogError([{ file: query.file, message: `parameter ${name}: a report has from and to` }]);
      return [name, value];
    }),
  );
}

function queryFailure(query: Query, error: unknown): unknown {
  const message = error instanceof Error ? error.message : String(error);
  const missing = /Table with name (\w+) does not exist/.exec(message)?.[1];
  if (missing === undefined) return error;
  return new WhoranError(`the data folder has no ${missing}, which ${query.file} reads`, {
    exitCode: EXIT.wrongUse,
    hint: 'Run `whoran correlate` first: it fills what reports read.',
    cause: error,
  });
}
