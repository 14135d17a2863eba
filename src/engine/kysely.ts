/**
 * Kysely on a `Database`: for the small read filters whose shape depends on what somebody asks. Heavy SQL stays in files.
 *
 * Values are what `Database` gives (instants as RFC 3339 UTC strings, never a `Date` in the process's time zone). There is
 * one connection: a transaction holds it, and other queries wait.
 */
import {
  DeleteQueryNode,
  InsertQueryNode,
  Kysely,
  MergeQueryNode,
  PostgresAdapter,
  PostgresQueryCompiler,
  UpdateQueryNode,
  type CompiledQuery,
  type DatabaseConnection,
  type DatabaseIntrospector,
  type DatabaseMetadata,
  type DialectAdapter,
  type Driver,
  type QueryResult,
  type RootOperationNode,
  type SchemaMetadata,
  type TableMetadata,
} from 'kysely';
import type { Database, SqlParameter, SqlParameters } from './database.ts';

/** Statements that answer with a count of changed rows. Told by the statement's own kind, never by the shape of its rows:
 * `select count(*) as count` has that shape too. */
function countsChanges(query: RootOperationNode): boolean {
  const isChange = InsertQueryNode.is(query) || UpdateQueryNode.is(query) || DeleteQueryNode.is(query) || MergeQueryNode.is(query);
  return isChange && query.returning === undefined;
}

function isParameter(value: unknown): value is SqlParameter {
  return (
    value === null ||
    ['string', 'number', 'bigint', 'boolean'].includes(typeof value) ||
    value instanceof Date ||
    (Array.isArray(value) && value.every((item) => typeof item === 'string'))
  );
}

/** Kysely's parameters are `$1`, `$2` …: DuckDB takes their numbers for names. */
function namedParameters(values: readonly unknown[]): SqlParameters | undefined {
  if (values.length === 0) return undefined;
  const entries = values.map((value, index): [string, SqlParameter] => {
    const known = value ?? null;
    if (!isParameter(known)) throw new TypeError(`parameter ${index + 1} is a ${typeof value}: expected text, number, boolean, Date or a list of text`);
    return [String(index + 1), known];
  });
  return Object.fromEntries(entries);
}

class OneConnection implements DatabaseConnection {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  async executeQuery<Row>({ sql, parameters, query }: CompiledQuery): Promise<QueryResult<Row>> {
    const rows = await this.#db.all<Row>(sql, namedParameters(parameters));
    if (!countsChanges(query)) return { rows };
    const [changed] = rows as { Count?: number }[];
    return { rows: [], numAffectedRows: BigInt(changed?.Count ?? 0) };
  }

  async *streamQuery<Row>({ sql, parameters }: CompiledQuery): AsyncIterableIterator<QueryResult<Row>> {
    for await (const rows of this.#db.stream<Row>(sql, namedParameters(parameters))) yield { rows };
  }
}

class OneConnectionDriver implements Driver {
  readonly #db: Database;
  readonly #connection: OneConnection;
  #last: Promise<void> = Promise.resolve();
  #release: () => void = () => undefined;

  constructor(db: Database) {
    this.#db = db;
    this.#connection = new OneConnection(db);
  }

  async init(): Promise<void> {
    // The database is open already.
  }

  async acquireConnection(): Promise<DatabaseConnection> {
    const before = this.#last;
    let release: () => void = () => undefined;
    this.#last = new Promise((resolve) => {
      release = resolve;
    });
    await before;
    this.#release = release;
    return this.#connection;
  }

  async releaseConnection(): Promise<void> {
    this.#release();
    return Promise.resolve();
  }

  async beginTransaction(): Promise<void> {
    await this.#db.run('begin');
  }

  async commitTransaction(): Promise<void> {
    await this.#db.run('commit');
  }

  async rollbackTransaction(): Promise<void> {
    await this.#db.run('rollback');
  }

  async destroy(): Promise<void> {
    // Whoever opened the database closes it.
  }
}

/** DuckDB has transactional DDL and `returning` as PostgreSQL has; migrations are not used (a new schema means a rebuild). */
class DuckDbAdapter extends PostgresAdapter {
  override async acquireMigrationLock(): Promise<void> {
    return Promise.reject(new Error('there are no migrations: a new schema means a rebuild'));
  }
}

class DuckDbIntrospector implements DatabaseIntrospector {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  async getSchemas(): Promise<SchemaMetadata[]> {
    return this.#db.all<{ name: string }>(
      "select schema_name as name from duckdb_schemas() where database_name = current_database() and schema_name not in ('information_schema', 'pg_catalog') order by name",
    );
  }

  async getTables(): Promise<TableMetadata[]> {
    const columns = await this.#db.all<{
      schema_name: string;
      table_name: string;
      column_name: string;
      data_type: string;
      is_nullable: boolean;
      column_default: string | null;
      is_view: boolean;
    }>(`
      select
        c.schema_name, c.table_name, c.column_name, c.data_type, c.is_nullable, c.column_default,
        exists (select 1 from duckdb_views() v where v.view_name = c.table_name and v.schema_name = c.schema_name) as is_view
      from duckdb_columns() c
      where not c.internal and c.database_name = current_database()
      order by c.schema_name, c.table_name, c.column_index
    `);
    const tables = new Map<string, TableMetadata>();
    for (const column of columns) {
      const key = `${column.schema_name}.${column.table_name}`;
      const table = tables.get(key) ?? { schema: column.schema_name, name: column.table_name, isView: column.is_view, columns: [] };
      table.columns.push({
        name: column.column_name,
        dataType: column.data_type,
        isNullable: column.is_nullable,
        isAutoIncrementing: false,
        hasDefaultValue: column.column_default !== null,
      });
      tables.set(key, table);
    }
    return [...tables.values()];
  }

  async getMetadata(): Promise<DatabaseMetadata> {
    return { tables: await this.getTables() };
  }
}

/** A query builder over `db`. Closing it is not needed; `db` stays its owner's. */
export function kyselyOn<Tables>(db: Database): Kysely<Tables> {
  return new Kysely<Tables>({
    dialect: {
      createDriver: (): Driver => new OneConnectionDriver(db),
      createQueryCompiler: () => new PostgresQueryCompiler(),
      createAdapter: (): DialectAdapter => new DuckDbAdapter(),
      createIntrospector: (): DatabaseIntrospector => new DuckDbIntrospector(db),
    },
  });
}
