/**
 * A query's rows, run once and kept in a temporary file, so that every format reads the same rows and none holds them in
 * memory.
 */
import { inertJson } from '../core/inert.ts';
import type { Database, SqlParameters, SqlRow } from '../engine/database.ts';
import { columnsIn, jsonRow, type JsonColumn } from '../engine/json-rows.ts';
import { queryText } from '../engine/query-file.ts';
import { literal, quoted } from '../engine/sql-text.ts';
import { noHashes, type EvidenceHashes } from './evidence-hashes.ts';
import { linesOf, writeLines } from './line-files.ts';

export interface Spooled {
  /** In the query's order. */
  readonly columns: readonly string[];
  /** The engine's type of each column, as `describe` tells it. */
  readonly types: readonly string[];
  /** The file that holds the rows: JSON, one a line. */
  readonly path: string;
  readonly rowCount: number;
  /** Pieces of evidence whose record landing does not hold. */
  readonly missingEvidence: number;
  rows(): AsyncIterable<SqlRow>;
  /** The rows as they stand in the file, each as one line of JSON without its break. */
  lines(): AsyncIterable<string>;
}

export interface SpoolQuery {
  readonly sql: string;
  /** The query runs once with each, one after another: the rows of all of them, in this order, are the result. */
  readonly runs: readonly SqlParameters[];
  /** Columns that hold lists of `{ hop, source, owner_id, record_id, record_at }`; their records are hashed. */
  readonly evidenceColumns: readonly string[];
  /** Told each run as it begins, where there are several. */
  readonly progress?: (part: string) => void;
}

/** The type of evidence once its records are hashed. */
export const HASHED_EVIDENCE = 'STRUCT(hop VARCHAR, "source" VARCHAR, owner_id VARCHAR, record_id VARCHAR, sha256 VARCHAR)[]';

/** Gathers the rows of a report's queries; what was hashed for one of them is known for the next. */
export class ReportSpool {
  readonly #db: Database;
  readonly #hashes: EvidenceHashes;
  /** Whether tables keep the order of the queries that fill them: a writer's connection gives that up, and `spool_rows` lives by it. */
  readonly #isOrderKept: boolean;

  private constructor(db: Database, hashes: EvidenceHashes, isOrderKept: boolean) {
    this.#db = db;
    this.#hashes = hashes;
    this.#isOrderKept = isOrderKept;
  }

  static async open(db: Database, hashes: EvidenceHashes): Promise<ReportSpool> {
    await noHashes(db);
    const setting = await db.get<{ is_kept: boolean }>("select current_setting('preserve_insertion_order') as is_kept");
    return new ReportSpool(db, hashes, setting?.is_kept === true);
  }

  /**
   * Runs a query into `path`, one JSON row a line, and gives each piece of evidence its record's SHA-256.
   *
   * @throws what the engine says where the query cannot run
   */
  async add(query: SpoolQuery, path: string): Promise<Spooled> {
    if (this.#isOrderKept) return this.#spool(query, path);
    await this.#db.run('set preserve_insertion_order = true');
    try {
      return await this.#spool(query, path);
    } finally {
      await this.#db.run('set preserve_insertion_order = false');
    }
  }

  async #spool({ sql, runs, evidenceColumns: wanted, progress }: SpoolQuery, path: string): Promise<Spooled> {
    const db = this.#db;
    let columns: readonly string[] = [];
    let types: readonly string[] = [];
    let rowCount = 0;
    let missingEvidence = 0;
    for (const [index, parameters] of runs.entries()) {
      if (runs.length > 1) progress?.(`part ${index + 1} of ${runs.length}`);
      // The text is a file of this package; its values are bound.
      await db.run(`create or replace temp table spool_rows as ${sql}`, parameters);
      // Of the table: to describe the query is to plan it twice, half of the time of a short report.
      ({ columns, types } = await describedRows(db));
      const evidenceColumns = wanted.filter((name) => columns.includes(name));
      if (evidenceColumns.length > 0) missingEvidence += await this.#hash(evidenceColumns);
      rowCount += await writeLines(path, rowTexts(db, rowsSql(columnsIn('r', columns, types), evidenceColumns), types), index > 0);
    }
    return { columns, types, path, rowCount, missingEvidence, rows: () => rowsOf(path), lines: () => linesOf(path) };
  }

  /** Lets go of what it made in the database; its files stay. */
  async close(): Promise<void> {
    for (const table of ['spool_rows', 'spool_evidence', 'spool_lists', 'evidence_refs', 'evidence_hashes']) await this.#db.run(`drop table if exists ${table}`);
  }

  /** Fills `spool_lists` with the evidence of `spool_rows`. @returns how many records have no hash */
  async #hash(evidenceColumns: readonly string[]): Promise<number> {
    const db = this.#db;
    const mentions = evidenceColumns.map((name) => `select rowid as row_no, ${literal(name)} as column_name, unnest(${quoted(name)}) as e, generate_subscripts(${quoted(name)}, 1) as place from spool_rows`);
    await db.run(`create or replace temp table spool_evidence as select row_no, column_name, place, e.hop, e.source, e.owner_id, e.record_id, e.record_at from (${mentions.join(' union all ')})`);
    await db.run(`create or replace temp table evidence_refs as ${await queryText('bundles/spool_evidence_refs')}`);
    await this.#hashes.add(db);
    await db.run(`create or replace temp table spool_lists as ${await queryText('bundles/spool_evidence_lists')}`);
    const row = await db.get<{ missing: number }>('select coalesce(sum(missing), 0)::bigint as missing from spool_lists');
    return row?.missing ?? 0;
  }
}

async function describedRows(db: Database): Promise<Pick<Spooled, 'columns' | 'types'>> {
  const described = await db.all<{ column_name: string; column_type: string }>('describe spool_rows');
  return { columns: described.map((column) => column.column_name), types: described.map((column) => column.column_type) };
}

/** Rows of `spool_rows` with hashed evidence, in their order. */
function rowsSql(columns: readonly JsonColumn[], evidenceColumns: readonly string[]): string {
  const shown = columns.map((column): JsonColumn => {
    const at = evidenceColumns.indexOf(column.name);
    return at === -1 ? column : { name: column.name, type: HASHED_EVIDENCE, sql: `coalesce(l${at}.evidence, [])` };
  });
  const lists = evidenceColumns.map((name, at) => `left join spool_lists l${at} on l${at}.row_no = r.rowid and l${at}.column_name = ${literal(name)}`);
  return `select ${jsonRow(shown)} as row_text from spool_rows r ${lists.join(' ')} order by r.rowid`;
}

/**
 * The rows of a query that gives each as JSON in `row_text`, as a spool has them.
 * @param types of the columns: JavaScript writes some numbers in another way than the engine
 */
export async function* rowTexts(db: Database, sql: string, types: readonly string[]): AsyncGenerator<string[]> {
  const hasFractions = types.some((type) => /DOUBLE|FLOAT|DECIMAL/.test(type));
  for await (const rows of db.stream<{ row_text: string }>(sql)) {
    yield rows.map(({ row_text: text }) => (!hasFractions && isSpoolText(text) ? text : spoolText(JSON.parse(text) as SqlRow)));
  }
}

const PLAIN = /^[\x20-\x7e]*$/;

/** Whether the engine's text of a row is JavaScript's, too: they escape controls in other ways. */
function isSpoolText(text: string): boolean {
  return PLAIN.test(text) && !text.includes('\\u');
}

/** A row as its file holds it: JSON whose only line break is the one at its end. Readers take U+2028 for one, and JSON may hold it raw. */
function spoolText(row: SqlRow): string {
  const json = JSON.stringify(row);
  return PLAIN.test(json) ? json : inertJson(row, 0);
}

async function* rowsOf(path: string): AsyncGenerator<SqlRow> {
  for await (const line of linesOf(path)) yield JSON.parse(line) as SqlRow;
}
