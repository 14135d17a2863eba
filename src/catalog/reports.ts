/**
 * Report definitions: `reports/<id>.md`, front matter and prose. The queries that they name lie in `queries/reports/`.
 */
import { createHash } from 'node:crypto';
import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { parse } from 'yaml';
import { z } from 'zod';
import type { Catalog, Query } from './catalog.ts';
import { CatalogError } from './faults.ts';

const name = z.string().regex(/^[a-z][a-z0-9_]*$/, 'lower-case letters, digits and underscores, a letter first');

/** How a page shows a column's values; `src/render/document.ts` says what each kind does. */
const KINDS = ['text', 'code', 'instant', 'count', 'share', 'hours', 'term', 'evidence'] as const;
export const REPORT_FORMATS = ['html', 'csv', 'json'] as const;
export type ReportFormat = (typeof REPORT_FORMATS)[number];

const columnSchema = z.strictObject({
  title: z.string().min(1),
  kind: z.enum(KINDS),
  /** What the values mean. */
  about: z.string().min(1),
  /** On a page: shown small in the cell of this column. */
  under: name.optional(),
  /** On a page: shown in a line of its own below the row. */
  detail: z.boolean().default(false),
  /** In CSV and JSON only. */
  data: z.boolean().default(false),
});

const definitionSchema = z.strictObject({
  id: name,
  title: z.string().trim().min(3).max(80),
  description: z.string().trim().min(1),
  controls: z.array(z.string()).min(1),
  formats: z.array(z.enum(REPORT_FORMATS)).min(1),
  /** Ids of the queries, in the order in which they run and are printed. */
  queries: z.array(name).min(1),
  /** Which of them become CSV files; the first takes the report's own name. */
  csv: z.array(name).default([]),
  /** Every column that any of the queries returns: one name means one thing. */
  columns: z.record(name, columnSchema),
});

export type ReportColumn = z.output<typeof columnSchema>;

export interface ReportDefinition extends Omit<z.output<typeof definitionSchema>, 'queries'> {
  /** Path below the root, with slashes. */
  readonly file: string;
  /** SHA-256 of the file's bytes, in hex. */
  readonly sha256: string;
  readonly queries: readonly Query[];
  /** The prose after the front matter. */
  readonly markdown: string;
}

const FRONT_MATTER = /^---\n([^]*?)\n---\n/;

/**
 * Reads every report definition of the package, in order of id.
 *
 * @throws CatalogError naming every fault: of the front matter, of ids, of queries and controls that there are none of
 */
export async function loadReports(catalog: Catalog): Promise<ReportDefinition[]> {
  const names = (await readdir(join(catalog.root, 'reports'))).filter((file) => file.endsWith('.md')).sort();
  const read = await Promise.all(names.map(async (file) => readReport(catalog, file)));
  const faults = read.flatMap((one) => ('message' in one ? [one] : []));
  if (faults.length > 0) throw new CatalogError(faults);
  return read.flatMap((one) => ('message' in one ? [] : [one]));
}

async function readReport(catalog: Catalog, fileName: string): Promise<ReportDefinition | { file: string; message: string }> {
  const file = `reports/${fileName}`;
  const bytes = await readFile(join(catalog.root, file));
  const text = bytes.toString('utf8');
  const fault = (message: string): { file: string; message: string } => ({ file, message });
  const front = FRONT_MATTER.exec(text);
  if (!front) return fault('no front matter: expected the file to open with a line "---", YAML, and a line "---"');
  let yaml: unknown;
  try {
    yaml = parse(front[1] ?? '');
  } catch (error) {
    return fault(`the front matter is no YAML: ${error instanceof Error ? error.message : String(error)}`);
  }
  const parsed = definitionSchema.safeParse(yaml);
  if (!parsed.success) return fault(parsed.error.issues.map(({ path, message }) => `front matter field ${path.join('.') || '(whole)'}: ${message}`).join('; '));
  const definition = parsed.data;
  const problems = problemsOf(definition, catalog, fileName);
  if (problems.length > 0) return fault(problems.join('; '));
  const queries = definition.queries.flatMap((id) => reportQuery(catalog, id) ?? []);
  return { ...definition, queries, file, sha256: createHash('sha256').update(bytes).digest('hex'), markdown: text.slice(front[0].length) };
}

function reportQuery(catalog: Catalog, id: string): Query | undefined {
  return catalog.queries.find((query) => query.layer === 'reports' && query.id === id);
}

function problemsOf(definition: z.output<typeof definitionSchema>, catalog: Catalog, fileName: string): string[] {
  const { id, queries, csv, columns, controls } = definition;
  const known = new Set(catalog.controls.map((control) => control.id));
  return [
    ...(`${id}.md` === fileName ? [] : [`id is ${id}, the file's name ${fileName}: they must be the same`]),
    ...queries.filter((query) => !reportQuery(catalog, query)).map((query) => `query ${query} is not in queries/reports`),
    ...csv.filter((query) => !queries.includes(query)).map((query) => `csv names ${query}, which is not among queries`),
    ...controls.filter((control) => !known.has(control)).map((control) => `control ${control} is in no file of queries/controls`),
    ...Object.entries(columns).flatMap(([column, { under }]) => (under === undefined || columns[under] ? [] : [`column ${column} stands under ${under}, which is no column`])),
  ];
}
