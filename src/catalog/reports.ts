/**
 * Report definitions: `reports/<id>.md`, front matter and prose. The queries that they name lie in `queries/reports/`. What several
 * reports say in the same words lies in `reports/parts/<id>.md`, with its own queries and columns, and is named by `{{part <id>}}`.
 */
import { createHash } from 'node:crypto';
import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { parse } from 'yaml';
import { z } from 'zod';
import { REPORT_FORMATS } from '../core/report-formats.ts';
import type { Catalog, Query } from './catalog.ts';
import { CatalogError } from './faults.ts';

const reportId = z.string().regex(/^[a-z][a-z0-9-]*$/, 'lower-case letters, digits and hyphens, a letter first');
const name = z.string().regex(/^[a-z][a-z0-9_]*$/, 'lower-case letters, digits and underscores, a letter first');

/** How a page shows a column's values; `src/render/document.ts` says what each kind does. */
const KINDS = ['text', 'code', 'instant', 'count', 'share', 'hours', 'seconds', 'term', 'evidence'] as const;

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

const columnsSchema = z.record(name, columnSchema);

/** What a chart's rows must have besides the columns that it names; `src/render/document.ts` says what each kind draws. */
const CHART_KINDS = {
  over_time: ['from_at', 'to_at', 'time_step'],
  distribution: ['label'],
  chain: ['hop', 'things', 'proved', 'asserted', 'inferred', 'nobody', 'not_yet_due'],
} as const;

const chartSchema = z.strictObject({
  kind: z.enum(['over_time', 'distribution', 'chain']),
  /** One of the queries; its table stands below the picture. */
  query: name,
  /** What is counted, in the plural; a chain names it by hop. */
  unit: z.string().default(''),
  /** Columns with counts, drawn in this order. More than six would look alike. */
  series: z.array(name).max(6).default([]),
  /** Columns that say what a source holds of the time (`over_time` alone). */
  lanes: z.array(name).max(6).default([]),
});

const chartsSchema = z.record(name, chartSchema);

const definitionSchema = z.strictObject({
  id: reportId,
  title: z.string().trim().min(3).max(80),
  description: z.string().trim().min(1),
  controls: z.array(z.string()).min(1),
  formats: z.array(z.enum(REPORT_FORMATS)).min(1),
  /** Ids of the queries, in the order in which they run and are printed. */
  queries: z.array(name).min(1),
  /** Which of them become CSV files; the first takes the report's own name. */
  csv: z.array(name).default([]),
  /** Every column that any of the queries returns: one name means one thing. */
  columns: columnsSchema.default({}),
  /** Pictures by id, which the prose places with `{{chart id}}`. */
  charts: chartsSchema.default({}),
});

/** The front matter of a part. */
const partSchema = z.strictObject({ id: reportId, queries: z.array(name).default([]), columns: columnsSchema.default({}), charts: chartsSchema.default({}) });

export type ReportColumn = z.output<typeof columnSchema>;

export interface ReportDefinition extends Omit<z.output<typeof definitionSchema>, 'queries'> {
  /** Path below the root, with slashes. */
  readonly file: string;
  /** SHA-256 of the file's bytes, in hex. */
  readonly sha256: string;
  /** The files of its parts, in the order in which the prose names them. */
  readonly parts: readonly DefinitionFile[];
  /** Its own, then those of its parts. */
  readonly queries: readonly Query[];
  /** The prose after the front matter, parts put in. */
  readonly markdown: string;
}

/** A file that defines a report, or part of one. */
export interface DefinitionFile {
  /** Path below the root, with slashes. */
  readonly file: string;
  /** SHA-256 of the file's bytes, in hex. */
  readonly sha256: string;
}

const FRONT_MATTER = /^---\n([^]*?)\n---\n/;
const PART_SLOT = /^\{\{part ([a-z][a-z0-9-]*)\}\}$/gm;

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

interface Fault {
  readonly file: string;
  readonly message: string;
}

async function readReport(catalog: Catalog, fileName: string): Promise<ReportDefinition | Fault> {
  const read = await readFrontMatter(catalog.root, `reports/${fileName}`, definitionSchema);
  if ('message' in read) return read;
  const { file, sha256, front, markdown } = read;
  const parts: (DefinitionFile & { readonly front: z.output<typeof partSchema>; readonly markdown: string })[] = [];
  for (const [, id = ''] of markdown.matchAll(PART_SLOT)) {
    const part = await readFrontMatter(catalog.root, `reports/parts/${id}.md`, partSchema);
    if ('message' in part) return part;
    if (part.front.id !== id) return { file: part.file, message: `id is ${part.front.id}, the file's name ${id}.md: they must be the same` };
    parts.push(part);
  }
  const columns = Object.assign({}, ...parts.map((part) => part.front.columns), front.columns) as z.output<typeof columnsSchema>;
  const charts = Object.assign({}, ...parts.map((part) => part.front.charts), front.charts) as z.output<typeof chartsSchema>;
  const ids = [...new Set([...front.queries, ...parts.flatMap((part) => part.front.queries)])];
  const definition = { ...front, queries: ids, columns, charts };
  const problems = problemsOf(definition, catalog, fileName);
  if (problems.length > 0) return { file, message: problems.join('; ') };
  const prose = new Map(parts.map((part) => [part.front.id, part.markdown.trim()]));
  return {
    ...definition,
    queries: ids.flatMap((id) => reportQuery(catalog, id) ?? []),
    file,
    sha256,
    parts: parts.map((part) => ({ file: part.file, sha256: part.sha256 })),
    markdown: markdown.replaceAll(PART_SLOT, (_, id: string) => prose.get(id) ?? ''),
  };
}

/** Reads a file of front matter and prose. */
async function readFrontMatter<Front>(root: string, file: string, schema: z.ZodType<Front>): Promise<(DefinitionFile & { front: Front; markdown: string }) | Fault> {
  const fault = (message: string): Fault => ({ file, message });
  let bytes: Buffer;
  try {
    bytes = await readFile(join(root, file));
  } catch {
    return fault('there is no such file');
  }
  const text = bytes.toString('utf8');
  const front = FRONT_MATTER.exec(text);
  if (!front) return fault('no front matter: expected the file to open with a line "---", YAML, and a line "---"');
  let yaml: unknown;
  try {
    yaml = parse(front[1] ?? '');
  } catch (error) {
    return fault(`the front matter is no YAML: ${error instanceof Error ? error.message : String(error)}`);
  }
  const parsed = schema.safeParse(yaml);
  if (!parsed.success) return fault(parsed.error.issues.map(({ path, message }) => `front matter field ${path.join('.') || '(whole)'}: ${message}`).join('; '));
  return { file, sha256: createHash('sha256').update(bytes).digest('hex'), front: parsed.data, markdown: text.slice(front[0].length) };
}

function reportQuery(catalog: Catalog, id: string): Query | undefined {
  return catalog.queries.find((query) => query.layer === 'reports' && query.id === id);
}

function problemsOf(definition: z.output<typeof definitionSchema>, catalog: Catalog, fileName: string): string[] {
  const { id, queries, csv, columns, charts, controls } = definition;
  const known = new Set(catalog.controls.map((control) => control.id));
  return [
    ...(`${id}.md` === fileName ? [] : [`id is ${id}, the file's name ${fileName}: they must be the same`]),
    ...queries.filter((query) => !reportQuery(catalog, query)).map((query) => `query ${query} is not in queries/reports`),
    ...csv.filter((query) => !queries.includes(query)).map((query) => `csv names ${query}, which is not among queries`),
    ...controls.filter((control) => !known.has(control)).map((control) => `control ${control} is in no file of queries/controls`),
    ...Object.entries(columns).flatMap(([column, { under }]) => (under === undefined || columns[under] ? [] : [`column ${column} stands under ${under}, which is no column`])),
    ...Object.entries(charts).flatMap(([chart, one]) => chartProblems(chart, one, queries, columns)),
  ];
}

function chartProblems(id: string, { kind, query, unit, series, lanes }: z.output<typeof chartSchema>, queries: readonly string[], columns: z.output<typeof columnsSchema>): string[] {
  return [
    ...(queries.includes(query) ? [] : [`chart ${id} shows ${query}, which is not among queries`]),
    ...[...CHART_KINDS[kind], ...series, ...lanes].filter((column) => !columns[column]).map((column) => `chart ${id} needs column ${column}, which is not described`),
    ...(kind === 'chain' || series.length > 0 ? [] : [`chart ${id} draws no series: name at least one column with counts`]),
    ...(kind === 'chain' || unit !== '' ? [] : [`chart ${id} has no unit: say what is counted`]),
    ...(kind === 'over_time' || lanes.length === 0 ? [] : [`chart ${id}: only a chart over_time has lanes`]),
  ];
}
