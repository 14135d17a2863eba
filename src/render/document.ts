/**
 * A report as data: what a renderer gets, and all that it gets. Rows in, bytes out.
 */
import type { FiledAs } from '../core/filed-as.ts';
import type { ReportParameters } from '../core/report-parameters.ts';

/** A value of a row. Instants are RFC 3339 UTC strings. */
export type Cell = string | number | boolean | null | Cell[] | { readonly [key: string]: Cell };
export type Row = Readonly<Record<string, Cell>>;

/**
 * How a column's values are shown on a page; CSV and JSON carry the values themselves.
 *
 * - `text`: as it stands. `code`: an id, which may break anywhere. `instant`: a time, UTC.
 * - `count`: a whole number. `share`: a fraction of one, shown in per cent. `hours` and `seconds`: a length of time.
 * - `term`: a word that the report's glossary defines, linked to it.
 * - `evidence`: a list of `{ hop, source, record_id, sha256 }`.
 */
export type ColumnKind = 'text' | 'code' | 'instant' | 'count' | 'share' | 'hours' | 'seconds' | 'term' | 'evidence';

export interface Column {
  /** As the query names it; heads the CSV's column and is the JSON's property. */
  readonly name: string;
  /** Heads the column on a page. */
  readonly title: string;
  readonly kind: ColumnKind;
  /** What the values mean, for the CSV's companion note. */
  readonly about: string;
  /** On a page: shown small below the value of this other column, in its cell. */
  readonly under: string | null;
  /** On a page: shown in a line of its own below the row, across the whole table. */
  readonly isDetail: boolean;
  /** In CSV and JSON only. */
  readonly isData: boolean;
}

export interface Table {
  /** The query's id. */
  readonly id: string;
  readonly title: string;
  /** What it counts and what it cannot see: the query's own words. */
  readonly description: string;
  readonly columns: readonly Column[];
  readonly rowCount: number;
  /** Reads the rows, from the first; may be called again. */
  rows(): AsyncIterable<Row>;
  /** The same, each as one line of JSON as `inertJson` writes it. */
  lines(): AsyncIterable<string>;
}

/**
 * A picture of a table's rows; it stands above the table, which holds the same numbers.
 *
 * - `over_time`: stacked bars. Rows with `from_at`, `to_at`, `time_step` (hour, day, week or month), a count for each of `series`, and for each of
 *   `lanes` what a source holds of that time: `records`, `in part`, `no record` or `not landed`.
 * - `distribution`: lying bars. Rows with `label` and a count for each of `series`.
 * - `chain`: boxes and arrows. Rows with `hop`, `things`, and for graded hops `proved`, `asserted`, `inferred`, `nobody` and `not_yet_due`.
 */
export interface Chart {
  /** Lower-case letters, digits and underscores. */
  readonly id: string;
  readonly kind: 'over_time' | 'distribution' | 'chain';
  /** The query's id. */
  readonly query: string;
  /** What is counted, for example `actions and tasks`; empty for a chain. */
  readonly unit: string;
  /** Columns, drawn in this order. */
  readonly series: readonly string[];
  readonly lanes: readonly string[];
}

/** A query that gave one of the tables, as it ran. */
export interface ReportQuery {
  readonly id: string;
  readonly title: string;
  /** Path in the program, with slashes. */
  readonly file: string;
  readonly sql: string;
  /** SHA-256 of the file's bytes, in hex. */
  readonly sha256: string;
}

export interface DefinitionFile {
  readonly file: string;
  readonly sha256: string;
}

export interface ReportDocument {
  readonly id: string;
  readonly title: string;
  readonly controls: readonly { readonly id: string; readonly name: string }[];
  /** RFC 3339 UTC; `from` is in the period, `to` is not. */
  readonly period: { readonly from: string; readonly to: string };
  /** Whose things are listed, and the time zone in which people read the times; rows hold them in UTC. */
  readonly parameters: ReportParameters;
  readonly runAt: string;
  /** The account of the operating system that ran it. */
  readonly runBy: string;
  readonly program: { readonly name: string; readonly version: string };
  /** The least `complete_through` of all sources: what the numbers hold as of. Null where nothing is landed. */
  readonly asOf: string | null;
  /** RFC 3339 UTC: what was landed and decided later is left out. Null where everything counts that there was. */
  readonly knownAt: string | null;
  /** Null where it was not filed. */
  readonly filedAs: FiledAs | null;
  /** Whether people stand under pseudonyms. */
  readonly isRedacted?: boolean;
  /** The report's prose with its slots, in the Markdown that `markdown.ts` reads. */
  readonly markdown: string;
  /** Path and SHA-256 of the file that defines the report, and of those that it shares with others. */
  readonly definition: DefinitionFile & { readonly parts: readonly DefinitionFile[] };
  readonly tables: ReadonlyMap<string, Table>;
  readonly charts: readonly Chart[];
  readonly queries: readonly ReportQuery[];
  /** The files of this report, by name, the page first. */
  readonly files: readonly { readonly name: string; readonly about: string }[];
}

/** The table with this id. @throws where the document has none: a slot names a query that the report does not list. */
export function tableOf(document: ReportDocument, id: string): Table {
  const table = document.tables.get(id);
  if (!table) throw new Error(`report ${document.id} has no table ${id}: name its query in the front matter of ${document.definition.file}`);
  return table;
}

/** The chart with this id. @throws where the document has none */
export function chartOf(document: ReportDocument, id: string): Chart {
  const chart = document.charts.find((one) => one.id === id);
  if (!chart) throw new Error(`report ${document.id} has no chart ${id}: describe it under charts in the front matter of ${document.definition.file}`);
  return chart;
}
