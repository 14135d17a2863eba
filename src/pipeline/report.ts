/**
 * Report: runs a definition's queries over a period and writes its files. No new facts: every number and row is a query's.
 */
import { mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { RecordHashes } from '../answers/record-hashes.ts';
import type { AnswerReader } from '../answers/reader.ts';
import { loadCatalog, type Catalog, type Query } from '../catalog/catalog.ts';
import { CatalogError } from '../catalog/faults.ts';
import { loadReports, type ReportDefinition, type ReportFormat } from '../catalog/reports.ts';
import { EXIT, WhoranError } from '../core/errors.ts';
import { rfc3339 } from '../core/times.ts';
import { csvNote } from '../render/csv-note.ts';
import { csvTable } from '../render/csv.ts';
import { tableOf, type ReportDocument } from '../render/document.ts';
import { htmlReport } from '../render/html.ts';
import { jsonReport } from '../render/json.ts';
import { planFiles, reportDocument, type PlannedFile } from './report-document.ts';
import { writeText } from './report-files.ts';
import { spool, type Spooled } from './report-spool.ts';

/** How many rows of one table the page shows; the files have all. */
const PAGE_ROWS = 5000;

export interface ReportOptions {
  /** The period: `from` is in it, `to` is not. */
  readonly from: Date;
  readonly to: Date;
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
  /** Of the report's formats those to write; all where it is left out. */
  readonly formats?: readonly ReportFormat[];
  /** Told each step as it begins. */
  readonly progress?: (step: string) => void;
}

export interface ReportFile {
  readonly name: string;
  readonly path: string;
  readonly format: ReportFormat | 'note';
  readonly bytes: number;
  /** In hex. */
  readonly sha256: string;
}

export interface ReportResult {
  readonly id: string;
  readonly title: string;
  /** RFC 3339 UTC. */
  readonly from: string;
  readonly to: string;
  /** The least `complete_through` of all sources; null where nothing is landed. */
  readonly as_of: string | null;
  /** The page first. */
  readonly files: readonly ReportFile[];
  /** Rows of each table, by the query's id. */
  readonly rows: Readonly<Record<string, number>>;
  /** Pieces of evidence whose landed record was not found: 0, unless landing is damaged. */
  readonly missing_evidence: number;
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
 * Runs one report. With the same data, period, `now`, `runBy` and program the bytes are the same.
 *
 * @param reader a published database, and landing to hash evidence from
 * @param id as `listReports` names it
 * @throws WhoranError (wrong use) for an id that there is none of, a period that is empty, and a data folder that
 *   correlation and detection have not filled; CatalogError for faults of the package's own files. No file is left half
 *   written; those of an earlier run stay until the new ones are whole.
 */
export async function runReport(reader: AnswerReader, id: string, options: ReportOptions): Promise<ReportResult> {
  const catalog = await loadCatalog();
  const definition = inFormats(await definitionOf(catalog, id), options.formats);
  if (options.from >= options.to) {
    throw new WhoranError(`the period is empty: --from ${rfc3339(options.from)} is not before --to ${rfc3339(options.to)}`, {
      exitCode: EXIT.wrongUse,
      hint: 'The period holds --from and all that comes before --to.',
    });
  }
  await mkdir(options.outDir, { recursive: true });
  const scratch = await mkdtemp(join(options.outDir, '.report-'));
  try {
    return await new ReportRun(reader, catalog, definition, options, scratch).run();
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

async function definitionOf(catalog: Catalog, id: string): Promise<ReportDefinition> {
  const definitions = await loadReports(catalog);
  const definition = definitions.find((candidate) => candidate.id === id);
  if (definition) return definition;
  throw new WhoranError(`there is no report ${JSON.stringify(id)}`, {
    exitCode: EXIT.wrongUse,
    hint: `There are: ${definitions.map((one) => one.id).join(', ')}. \`whoran report list\` says what each holds.`,
  });
}

/** The definition with only those of its formats that are wanted. @throws WhoranError where it has none of them */
function inFormats(definition: ReportDefinition, wanted: readonly ReportFormat[] | undefined): ReportDefinition {
  if (wanted === undefined) return definition;
  const formats = definition.formats.filter((format) => wanted.includes(format));
  if (formats.length > 0) return { ...definition, formats };
  throw new WhoranError(`report ${definition.id} is not made as ${wanted.join(', ')}`, {
    exitCode: EXIT.wrongUse,
    hint: `It is made as ${definition.formats.join(', ')}.`,
  });
}

class ReportRun {
  readonly #reader: AnswerReader;
  readonly #catalog: Catalog;
  readonly #definition: ReportDefinition;
  readonly #options: ReportOptions;
  readonly #scratch: string;

  constructor(reader: AnswerReader, catalog: Catalog, definition: ReportDefinition, options: ReportOptions, scratch: string) {
    this.#reader = reader;
    this.#catalog = catalog;
    this.#definition = definition;
    this.#options = options;
    this.#scratch = scratch;
  }

  async run(): Promise<ReportResult> {
    const spooled = await this.#spoolAll();
    const files = planFiles(this.#definition, this.#options);
    const document = await reportDocument(this.#reader, this.#catalog, this.#definition, this.#options, spooled);
    const written: ReportFile[] = [];
    for (const file of files) {
      this.#options.progress?.(`writing ${file.name}`);
      const size = await writeText(join(this.#scratch, file.name), this.#text(file, document, files));
      written.push({ name: file.name, path: join(this.#options.outDir, file.name), format: file.format, ...size });
    }
    // All of them are whole: now they take the places of older ones.
    for (const { name, path } of written) await rename(join(this.#scratch, name), path);
    return {
      id: document.id,
      title: document.title,
      from: document.period.from,
      to: document.period.to,
      as_of: document.asOf,
      files: written,
      rows: Object.fromEntries([...spooled].map(([id, { rowCount }]) => [id, rowCount])),
      missing_evidence: [...spooled.values()].reduce((sum, { missingEvidence }) => sum + missingEvidence, 0),
    };
  }

  async #spoolAll(): Promise<Map<string, Spooled>> {
    const { queries, columns } = this.#definition;
    const evidenceColumns = Object.entries(columns).flatMap(([name, { kind }]) => (kind === 'evidence' ? [name] : []));
    const hashes = new RecordHashes(this.#reader);
    const spooled = new Map<string, Spooled>();
    for (const query of queries) {
      this.#options.progress?.(`running ${query.id}`);
      const parameters = this.#parametersOf(query);
      try {
        spooled.set(query.id, await spool(this.#reader, { sql: query.sql, parameters, evidenceColumns }, hashes, join(this.#scratch, `${query.id}.rows`)));
      } catch (error) {
        throw queryFailure(query, error);
      }
    }
    return spooled;
  }

  #parametersOf(query: Query): Record<string, Date> {
    const { from, to } = this.#options;
    const known: Record<string, Date> = { from, to };
    return Object.fromEntries(
      Object.keys(query.header.params).map((name) => {
        const value = known[name];
        if (value === undefined) throw new CatalogError([{ file: query.file, message: `parameter ${name}: a report has from and to` }]);
        return [name, value];
      }),
    );
  }

  #text(file: PlannedFile, document: ReportDocument, files: readonly PlannedFile[]): AsyncIterable<string> | Iterable<string> {
    switch (file.format) {
      case 'html':
        return htmlReport(document, {
          rowLimit: this.#options.pageRows ?? PAGE_ROWS,
          fileOf: (table) => (files.find((other) => other.table === table.id) ?? files.find(({ format }) => format === 'json'))?.name ?? '',
        });
      case 'json':
        return jsonReport(document);
      case 'csv':
        return csvTable(tableOf(document, file.table ?? ''));
      case 'note':
        return [csvNote(document, files.flatMap(({ name, table }) => (table === undefined ? [] : [{ fileName: name, table: tableOf(document, table) }])))];
    }
  }
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
