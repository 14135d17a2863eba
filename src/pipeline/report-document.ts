/**
 * A report's document and its files: what a renderer gets, made of a definition, a run and the rows that its queries gave.
 */
import { readFile } from 'node:fs/promises';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import type { AnswerReader } from '../answers/reader.ts';
import { earliest, landedSources } from '../answers/sources.ts';
import type { Catalog, Query } from '../catalog/catalog.ts';
import { CatalogError } from '../catalog/faults.ts';
import type { ReportDefinition } from '../catalog/reports.ts';
import type { FiledAs } from '../core/filed-as.ts';
import type { ReportFormat } from '../core/report-formats.ts';
import { ALL_IN_UTC, type ReportParameters } from '../core/report-parameters.ts';
import { rfc3339 } from '../core/times.ts';
import type { Column, ReportDocument, Table } from '../render/document.ts';
import { parametersTag } from '../render/parameters-tag.ts';
import { timeInName } from './report-files.ts';
import type { Spooled } from './report-spool.ts';

/** What a document says of the run itself; as in `ReportOptions`. */
export interface ReportRunFacts {
  readonly from: Date;
  readonly to: Date;
  /** Everything, in UTC, where they are left out. */
  readonly parameters?: ReportParameters;
  readonly now: Date;
  readonly runBy?: string;
  readonly version?: string;
  /** What was landed and decided later is left out: the reader and the data folder are of then. */
  readonly knownAt?: Date;
  readonly filedAs?: FiledAs;
  /** People stand under pseudonyms: the reader's relations already have them. */
  readonly isRedacted?: boolean;
}

/** A file to write, before it is. */
export interface PlannedFile {
  readonly name: string;
  readonly format: ReportFormat | 'note';
  readonly about: string;
  /** CSV: the query whose rows it holds. */
  readonly table?: string;
}

/** `<report>_<from>_<to>`, and what tells its parameters apart where there are any: names of a report's files, bundle and filings. */
export function baseName(id: string, { from, to, parameters = ALL_IN_UTC }: Pick<ReportRunFacts, 'from' | 'to' | 'parameters'>): string {
  const tag = parametersTag(parameters);
  return `${id}_${timeInName(from)}_${timeInName(to)}${tag === '' ? '' : `_${tag}`}`;
}

/** The files of a report, the page first; named from its id, period and parameters alone. */
export function planFiles({ id, formats, csv, queries }: ReportDefinition, facts: Pick<ReportRunFacts, 'from' | 'to' | 'parameters'>): PlannedFile[] {
  const base = baseName(id, facts);
  const files: PlannedFile[] = [];
  if (formats.includes('html')) files.push({ name: `${base}.html`, format: 'html', about: 'the report' });
  if (formats.includes('pdf')) files.push({ name: `${base}.pdf`, format: 'pdf', about: 'the report, printed' });
  if (formats.includes('csv')) {
    csv.forEach((table, index) => {
      const part = index === 0 ? '' : `_${table.replace(`rpt_${id.replaceAll('-', '_')}_`, '').replace('rpt_', '')}`;
      files.push({ name: `${base}${part}.csv`, format: 'csv', about: `all rows of “${queries.find((query) => query.id === table)?.header.title ?? table}”`, table });
    });
    files.push({ name: `${base}.csv.txt`, format: 'note', about: 'how to read the CSV files' });
  }
  if (formats.includes('json')) files.push({ name: `${base}.json`, format: 'json', about: 'all tables, with exact values' });
  if (formats.includes('xlsx')) files.push({ name: `${base}.xlsx`, format: 'xlsx', about: 'all tables, a sheet each' });
  if (formats.includes('oscal')) files.push({ name: `${base}.oscal.json`, format: 'oscal', about: 'OSCAL assessment results' });
  if (formats.includes('ocsf')) files.push({ name: `${base}.ocsf.jsonl`, format: 'ocsf', about: 'OCSF events: controls and findings, one a line' });
  return files;
}

/** The document: the run's facts, and a table for each query. */
export async function reportDocument(
  reader: Pick<AnswerReader, 'db'>,
  catalog: Catalog,
  definition: ReportDefinition,
  facts: ReportRunFacts,
  spooled: ReadonlyMap<string, Spooled>,
): Promise<ReportDocument> {
  const { id, title, markdown, file, sha256, parts, queries, controls } = definition;
  const { from, to, now, runBy, version } = facts;
  const sources = await landedSources(reader);
  const names = new Map(catalog.controls.map((control) => [control.id, control.name]));
  return {
    id,
    title,
    controls: controls.map((control) => ({ id: control, name: names.get(control) ?? '' })),
    period: { from: rfc3339(from), to: rfc3339(to) },
    parameters: facts.parameters ?? ALL_IN_UTC,
    runAt: rfc3339(now),
    runBy: runBy ?? accountName(),
    knownAt: facts.knownAt?.toISOString() ?? null,
    filedAs: facts.filedAs ?? null,
    ...(facts.isRedacted === true ? { isRedacted: true } : {}),
    program: { name: 'whoran', version: version ?? (await packageVersion(catalog.root)) },
    asOf: earliest(sources.map((source) => source.complete_through)),
    markdown,
    definition: { file, sha256, parts },
    tables: new Map(queries.map((query) => [query.id, tableOfQuery(query, definition, spooled)])),
    charts: Object.entries(definition.charts).map(([chart, one]) => ({ id: chart, ...one })),
    queries: queries.map((query) => ({ id: query.id, title: query.header.title, file: query.file, sql: query.sql, sha256: query.sha256 })),
    files: planFiles(definition, facts).map(({ name, about }) => ({ name, about })),
  };
}

function tableOfQuery(query: Query, definition: ReportDefinition, spooled: ReadonlyMap<string, Spooled>): Table {
  const rows = spooled.get(query.id);
  if (!rows) throw new Error(`query ${query.id} did not run`);
  return { id: query.id, title: query.header.title, description: query.header.description, columns: columnsOf(definition, rows.columns, query.id), rowCount: rows.rowCount, rows: () => rows.rows(), lines: () => rows.lines() };
}

/** The columns of those names, as the definition describes them. @throws CatalogError for a name that it does not describe */
export function columnsOf(definition: ReportDefinition, names: readonly string[], query: string): Column[] {
  return names.map((name) => {
    const column = definition.columns[name];
    if (!column) throw new CatalogError([{ file: definition.file, message: `columns: ${query} returns ${name}, which is not described` }]);
    const { title, kind, about, under, detail, data } = column;
    return { name, title, kind, about, under: under ?? null, isDetail: detail, isData: data };
  });
}

/** The operating system's name for whoever runs this; some systems have none. */
export function accountName(): string {
  try {
    return userInfo().username;
  } catch {
    return 'unknown';
  }
}

/** The version of the program whose package lies at `root`. */
export async function packageVersion(root: string): Promise<string> {
  const manifest = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as { version: string };
  return manifest.version;
}
