/**
 * A query's rows, run once and kept in a temporary file, so that every format reads the same rows and none holds them in
 * memory.
 */
import { once } from 'node:events';
import { createReadStream, createWriteStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { finished } from 'node:stream/promises';
import type { RecordHashes, RecordRef } from '../answers/record-hashes.ts';
import type { AnswerReader } from '../answers/reader.ts';
import { inertJson } from '../core/inert.ts';
import type { SqlParameters, SqlRow, SqlValue } from '../engine/database.ts';

/** Rows whose evidence is looked up together: so many that a landed object is unpacked once or twice, and no more. */
const HASHED_TOGETHER = 20_000;

/** A record's place in a list of evidence, as report queries return it. */
interface EvidenceRow extends RecordRef {
  readonly hop: string;
}

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
}

export interface SpoolQuery {
  readonly sql: string;
  readonly parameters: SqlParameters;
  /** Columns that hold lists of `{ hop, source, owner_id, record_id, record_at }`; their records are hashed. */
  readonly evidenceColumns: readonly string[];
}

/**
 * Runs a query into `path`, one JSON row a line, and gives each piece of evidence its record's SHA-256.
 *
 * @throws what the engine says where the query cannot run
 */
export async function spool(reader: Pick<AnswerReader, 'db'>, query: SpoolQuery, hashes: Pick<RecordHashes, 'of'>, path: string): Promise<Spooled> {
  const { sql, parameters } = query;
  // The text is a file of this package; its values are bound.
  const described = await reader.db.all<{ column_name: string; column_type: string }>(`describe ${sql}`, parameters);
  const columns = described.map((column) => column.column_name);
  const types = described.map((column) => column.column_type);
  const evidenceColumns = query.evidenceColumns.filter((name) => columns.includes(name));
  const rowCount = await writeRows(path, reader.db.stream(sql, parameters));
  if (evidenceColumns.length === 0) return { columns, types, path, rowCount, missingEvidence: 0, rows: () => readSpool(path) };
  // A second pass, since hashing asks the database too, and a connection that is asked something else ends its stream there,
  // without a word.
  const hashed = `${path}.hashed`;
  let missingEvidence = 0;
  await writeRows(
    hashed,
    mapped(batches(readSpool(path)), async (rows) => {
      for (const column of evidenceColumns) missingEvidence += await hashEvidence(rows, column, hashes);
      return rows;
    }),
  );
  await rm(path);
  return { columns, types, path: hashed, rowCount, missingEvidence, rows: () => readSpool(hashed) };
}

/** Writes rows, one a line, no faster than the disk takes them. @returns how many */
async function writeRows(path: string, chunks: AsyncIterable<SqlRow[]>): Promise<number> {
  const out = createWriteStream(path, { mode: 0o600, flags: 'wx' });
  const failed = finished(out);
  // Waited for below; until then a failed write must not count as unhandled.
  failed.catch(() => undefined);
  let rowCount = 0;
  for await (const rows of chunks) {
    rowCount += rows.length;
    if (!out.write(rows.map(rowLine).join(''))) await Promise.race([once(out, 'drain'), failed]);
  }
  out.end();
  await failed;
  return rowCount;
}

async function* mapped<From, To>(items: AsyncIterable<From>, change: (item: From) => Promise<To>): AsyncGenerator<To> {
  for await (const item of items) yield await change(item);
}

async function* batches(rows: AsyncIterable<SqlRow>): AsyncGenerator<SqlRow[]> {
  let held: SqlRow[] = [];
  for await (const row of rows) {
    held.push(row);
    if (held.length < HASHED_TOGETHER) continue;
    yield held;
    held = [];
  }
  if (held.length > 0) yield held;
}

const PLAIN = /^[\x20-\x7e]*$/;

/** A row as its file holds it: JSON whose only line break is the one at its end. Readers take U+2028 for one, and JSON may hold it raw. */
export function rowLine(row: SqlRow): string {
  const json = JSON.stringify(row);
  return `${PLAIN.test(json) ? json : inertJson(row, 0)}\n`;
}

async function* readSpool(path: string): AsyncGenerator<SqlRow> {
  const input = createReadStream(path);
  try {
    for await (const line of createInterface({ input, crlfDelay: Infinity })) yield JSON.parse(line) as SqlRow;
  } finally {
    // A reader that has seen enough leaves early.
    input.destroy();
  }
}

/** Puts hashes in place of the evidence's whereabouts; the number of records that were not found. */
async function hashEvidence(rows: readonly SqlRow[], column: string, hashes: Pick<RecordHashes, 'of'>): Promise<number> {
  const lists = rows.map((row) => evidenceRows(row[column] ?? null));
  const found = await hashes.of(lists.flat());
  let next = 0;
  let missing = 0;
  for (const [index, row] of rows.entries()) {
    row[column] = (lists[index] ?? []).map(({ hop, source, owner_id: owner, record_id: id }) => {
      const sha256 = found[next] ?? null;
      next += 1;
      if (sha256 === null) missing += 1;
      return { hop, source, owner_id: owner, record_id: id, sha256 };
    });
  }
  return missing;
}

function evidenceRows(value: SqlValue): EvidenceRow[] {
  return Array.isArray(value) ? (value as unknown as EvidenceRow[]) : [];
}
