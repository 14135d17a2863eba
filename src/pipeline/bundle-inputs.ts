/**
 * What a report's queries read, as files: so that the same queries can be run again where there is no database.
 *
 * Which relations those are is told by the parser, through the correlated views down to tables. Of each, only the rows and columns that a
 * report of the period can need are written: `queries/bundles/<relation>.sql` says which, and a relation without such a file is written
 * whole. Whether that is enough is never assumed: the bundle is replayed before it is signed.
 */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Catalog, Query } from '../catalog/catalog.ts';
import { cteNames, nodesOf, parseSql } from '../catalog/statement.ts';
import type { Database } from '../engine/database.ts';
import { literal, quoted } from '../engine/sql-text.ts';

/** A view of the correlated layer is defined in this file, and is made again from it. */
export const VIEWS = 'queries/correlated/views.sql';
/** Functions of the engine that queries use. */
export const FUNCTIONS = 'queries/functions.sql';

export interface BundleInputs {
  /** Relations written, in order of name. */
  readonly relations: readonly string[];
  /** Whether the queries read one of the correlated views. */
  readonly hasViews: boolean;
}

/**
 * Writes `<folder>/<relation>.parquet` for every table that the queries read.
 *
 * @param db a published database
 * @param parameters the queries' own: `$from` and `$to`
 */
export async function writeInputs(db: Database, catalog: Catalog, queries: readonly Query[], folder: string, parameters: Readonly<Record<string, Date>>): Promise<BundleInputs> {
  await mkdir(folder, { recursive: true });
  const views = await storedViews(db);
  // Whatever a report reads, it says how far the sources are landed.
  const { relations, hasViews } = await relationsOf(db, [...queries.map(({ sql }) => sql), 'select source from stg_sources'], views);
  for (const relation of relations) {
    const scope = catalog.queries.find(({ layer, id }) => layer === 'bundles' && id === relation);
    const sql = scope?.sql ?? `select * from ${quoted(relation)}`;
    const own = scope ? Object.fromEntries(Object.keys(scope.header.params).map((name) => [name, parameters[name] ?? null])) : {};
    // Straight into the file: a table in between would hold it all once more.
    await db.run(`copy (${sql}) to ${literal(join(folder, `${relation}.parquet`))} (format parquet, compression zstd)`, own);
  }
  return { relations, hasViews };
}

/** Names of tables that these texts read, through views. */
async function relationsOf(db: Database, texts: readonly string[], views: ReadonlyMap<string, string>): Promise<BundleInputs> {
  const relations = new Set<string>();
  const opened = new Set<string>();
  const open = async (text: string): Promise<void> => {
    for (const name of await tableNames(db, text)) {
      const view = views.get(name);
      if (view === undefined) relations.add(name);
      else if (!opened.has(name)) {
        opened.add(name);
        await open(view);
      }
    }
  };
  for (const text of texts) await open(text);
  // The file that makes one view makes all, so what the others read must be there too.
  if (opened.size > 0) for (const text of views.values()) await open(text);
  return { relations: [...relations].sort(), hasViews: opened.size > 0 };
}

async function tableNames(db: Database, sql: string): Promise<Set<string>> {
  const parsed = await parseSql(db, sql);
  if (parsed.fault !== undefined) throw new Error(`a query cannot be read: ${parsed.fault}`);
  const names = new Set<string>();
  for (const statement of parsed.statements) {
    const ctes = cteNames(statement);
    for (const node of nodesOf(statement)) {
      const name = node['table_name'];
      if (node['type'] === 'BASE_TABLE' && typeof name === 'string' && !ctes.has(name)) names.add(name);
    }
  }
  return names;
}

/** The correlated views by name, each as its query. Views over files are tables to whoever reads them. */
async function storedViews(db: Database): Promise<Map<string, string>> {
  const rows = await db.all<{ view_name: string; sql: string }>(
    'select view_name, sql from duckdb_views() where not internal and not temporary order by view_name',
  );
  return new Map(rows.map(({ view_name: name, sql }) => [name, sql.replace(/^create\s+(or\s+replace\s+)?view\s+\S+\s*(\([^)]*\)\s*)?as\s+/i, '').replace(/;\s*$/, '')]));
}
