/**
 * The one door to DuckDB. Everything else runs SQL through a `Database`; nothing else imports `@duckdb/node-api`.
 */
import { readFile } from 'node:fs/promises';
import { DuckDBInstance, LIST, VARCHAR, listValue, timestampTZValue, type DuckDBConnection, type DuckDBType, type DuckDBValue } from '@duckdb/node-api';
import { literal } from './sql-text.ts';

/** A value that may stand for a `$name` in SQL. A `Date` is an instant; an array of strings is a VARCHAR list. */
export type SqlParameter = string | number | bigint | boolean | Date | null | readonly string[];
export type SqlParameters = Readonly<Record<string, SqlParameter>>;

/** Values as JavaScript has them: instants as RFC 3339 UTC strings, BIGINT as number where it is safe, else string. */
export type SqlValue = string | number | boolean | null | SqlValue[] | { [key: string]: SqlValue };
export type SqlRow = Record<string, SqlValue>;

export interface DatabaseOptions {
  /** File, or `:memory:`. */
  readonly path: string;
  readonly readOnly?: boolean;
  /** DuckDB's `memory_limit`, for example `700MB`. Peak memory of the process is about 200 MiB more. */
  readonly memoryLimit?: string;
  /** `memoryLimit` is a wish: a statement for which it is too little, since not everything can spill, runs again with the engine's own limit. Of several statements in one text all run again. */
  readonly isLimitSoft?: boolean;
  readonly threads?: number;
  /** Where DuckDB may spill; never outside the data folder. */
  readonly temporaryDirectory?: string;
}

/** Converts one driver value to its `SqlValue`. */
function toSqlValue(value: unknown): SqlValue {
  if (value === null || value === undefined) return null;
  if (typeof value === 'string' || typeof value === 'boolean' || typeof value === 'number') return value;
  if (typeof value === 'bigint') {
    return value >= BigInt(Number.MIN_SAFE_INTEGER) && value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : String(value);
  }
  if (value instanceof Date) return instant(value);
  if (Array.isArray(value)) return value.map(toSqlValue);
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, toSqlValue(item)]));
}

/** RFC 3339 UTC, with milliseconds only where there are any: `2026-01-15T09:00:02Z`. */
export function instant(at: Date): string {
  return at.toISOString().replace('.000Z', 'Z');
}

function bind(value: SqlParameter): DuckDBValue {
  if (value instanceof Date) return timestampTZValue(BigInt(value.getTime()) * 1000n);
  if (Array.isArray(value)) return listValue(value as string[]);
  return value as DuckDBValue;
}

/** The driver guesses types from values, and can't for lists. */
function listTypes(parameters: SqlParameters): Record<string, DuckDBType> {
  const lists = Object.entries(parameters).filter(([, value]) => Array.isArray(value));
  return Object.fromEntries(lists.map(([name]) => [name, LIST(VARCHAR)]));
}

/** Whether the engine gave up for want of memory. */
export function isOutOfMemory(error: unknown): boolean {
  return error instanceof Error && error.message.startsWith('Out of Memory Error');
}

/** One DuckDB instance and one connection. Never open the same file twice in one process: DuckDB loses data then. */
export class Database {
  readonly #instance: DuckDBInstance;
  readonly connection: DuckDBConnection;
  #isStreaming = false;
  /** The limit that a statement may exceed, and the engine's own; undefined where there is none. */
  #limits: { readonly soft: string; readonly own: string } | undefined;

  private constructor(instance: DuckDBInstance, connection: DuckDBConnection) {
    this.#instance = instance;
    this.connection = connection;
  }

  /** @throws where the file is missing (read-only), damaged, or locked by another process. */
  static async open(options: DatabaseOptions): Promise<Database> {
    const config: Record<string, string> = {};
    if (options.readOnly) config['access_mode'] = 'READ_ONLY';
    if (options.memoryLimit && options.isLimitSoft !== true) config['memory_limit'] = options.memoryLimit;
    if (options.threads) config['threads'] = String(options.threads);
    if (options.temporaryDirectory) config['temp_directory'] = options.temporaryDirectory;
    const instance = await DuckDBInstance.create(options.path, config);
    const connection = await instance.connect();
    await connection.run("set TimeZone = 'UTC'");
    const db = new Database(instance, connection);
    if (options.isLimitSoft === true && options.memoryLimit) await db.#limitSoftly(options.memoryLimit);
    return db;
  }

  /** Runs statements and drops their result. With parameters: one statement. */
  async run(sql: string, parameters?: SqlParameters): Promise<void> {
    this.#refuseWhileStreaming();
    await this.#withinLimit(async () => this.connection.run(sql, ...bindAll(parameters)));
  }

  /** All rows of one statement. For results that fit in memory: 43,000 rows/s is what the driver gives. */
  async all<Row = SqlRow>(sql: string, parameters?: SqlParameters): Promise<Row[]> {
    this.#refuseWhileStreaming();
    const reader = await this.#withinLimit(async () => this.connection.runAndReadAll(sql, ...bindAll(parameters)));
    return reader.getRowObjectsJS().map((row) => toSqlValue(row) as Row);
  }

  /** The first row, or undefined. */
  async get<Row = SqlRow>(sql: string, parameters?: SqlParameters): Promise<Row | undefined> {
    return (await this.all<Row>(sql, parameters))[0];
  }

  /**
   * Rows in chunks, without holding them all. Until it has ended nothing else may run here: the driver would end the stream
   * early and say nothing.
   */
  async *stream<Row = SqlRow>(sql: string, parameters?: SqlParameters): AsyncGenerator<Row[]> {
    this.#refuseWhileStreaming();
    this.#isStreaming = true;
    try {
      yield* this.#chunks<Row>(sql, parameters);
    } finally {
      this.#isStreaming = false;
    }
  }

  async *#chunks<Row>(sql: string, parameters?: SqlParameters): AsyncGenerator<Row[]> {
    let isBegun = false;
    try {
      for await (const rows of this.#read<Row>(sql, parameters)) {
        isBegun = true;
        yield rows;
      }
      return;
    } catch (error) {
      // What was handed on cannot be taken back.
      if (isBegun || this.#limits === undefined || !isOutOfMemory(error)) throw error;
    }
    const { own, soft } = this.#limits;
    await this.#setLimit(own);
    try {
      yield* this.#read<Row>(sql, parameters);
    } finally {
      await this.#limitAgain(soft);
    }
  }

  async *#read<Row>(sql: string, parameters?: SqlParameters): AsyncGenerator<Row[]> {
    const result = await this.connection.stream(sql, ...bindAll(parameters));
    for await (const rows of result.yieldRowObjectJs()) yield rows.map((row) => toSqlValue(row) as Row);
  }

  async #limitSoftly(soft: string): Promise<void> {
    const row = await this.get<{ own: string }>("select current_setting('memory_limit') as own");
    this.#limits = { soft, own: row?.own ?? '' };
    await this.#setLimit(soft);
  }

  async #setLimit(limit: string): Promise<void> {
    await this.connection.run(`set memory_limit = ${literal(limit)}`);
  }

  async #withinLimit<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      if (this.#limits === undefined || !isOutOfMemory(error)) throw error;
    }
    return this.#beyondLimit(this.#limits, work);
  }

  async #beyondLimit<T>({ own, soft }: { readonly soft: string; readonly own: string }, work: () => Promise<T>): Promise<T> {
    await this.#setLimit(own);
    try {
      return await work();
    } finally {
      await this.#limitAgain(soft);
    }
  }

  /** What is left in memory may be more, with nowhere to spill: then the wish is over, and what was done stands. */
  async #limitAgain(soft: string): Promise<void> {
    try {
      await this.#setLimit(soft);
    } catch (error) {
      if (!isOutOfMemory(error)) throw error;
      this.#limits = undefined;
    }
  }

  /** Runs a SQL file that may hold several statements and takes no parameters. */
  async file(path: string): Promise<void> {
    await this.run(await readFile(path, 'utf8'));
  }

  /** Runs `work` in a transaction; rolls back where it throws. */
  async transaction<T>(work: () => Promise<T>): Promise<T> {
    // A statement that fails ends its transaction, and cannot run again.
    if (this.#limits) return this.#beyondLimit(this.#limits, async () => this.#inTransaction(work));
    return this.#inTransaction(work);
  }

  async #inTransaction<T>(work: () => Promise<T>): Promise<T> {
    await this.run('begin');
    try {
      const result = await work();
      await this.run('commit');
      return result;
    } catch (error) {
      await this.run('rollback');
      throw error;
    }
  }

  #refuseWhileStreaming(): void {
    if (this.#isStreaming) throw new Error('a stream is open on this connection, and another query would cut it short');
  }

  /** Makes the statement at hand, if there is one, fail; the next runs as usual. */
  interrupt(): void {
    this.connection.interrupt();
  }

  close(): void {
    this.connection.closeSync();
    this.#instance.closeSync();
  }
}

function bindAll(
  parameters: SqlParameters | undefined,
): [Record<string, DuckDBValue> | undefined, Record<string, DuckDBType> | undefined] {
  if (!parameters) return [undefined, undefined];
  const values = Object.entries(parameters).map(([name, value]) => [name, bind(value)] as const);
  return [Object.fromEntries(values), listTypes(parameters)];
}
