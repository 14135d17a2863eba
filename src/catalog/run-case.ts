/**
 * Runs a detection's cases on a real in-memory DuckDB with the real tables.
 */
import { join } from 'node:path';
import { Database, type SqlRow, type SqlValue } from '../engine/database.ts';
import type { Detection } from './catalog.ts';
import type { DetectionCase } from './cases.ts';
import { detectionSql } from './detection.ts';
import { detectionParameters } from './parameters.ts';

/** The files that make the relations which a detection reads. */
const SCHEMA = ['queries/functions.sql', 'queries/staging/tables.sql', 'queries/correlated/configuration.sql', 'queries/correlated/tables.sql'];

/** An empty database with every staged and correlated relation. The caller closes it. */
export async function openCaseDatabase(root: string): Promise<Database> {
  const db = await Database.open({ path: ':memory:' });
  for (const file of SCHEMA) await db.file(join(root, file));
  // In a data folder this view spans Parquet files; a case's events lie in the table.
  await db.run('create or replace view stg_events as select * from stg_events_new');
  await db.file(join(root, 'queries/correlated/views.sql'));
  return db;
}

/** Why a case fails, as text for a person: what was expected and found, the given rows, the SQL. Undefined when it holds. */
export async function runCase(db: Database, detection: Detection, { name, params, given, expect, then }: DetectionCase): Promise<string | undefined> {
  const steps = [{ given, expect }, ...(then === undefined ? [] : [{ given: { ...given, ...then.given }, expect: then.expect }])];
  for (const [index, step] of steps.entries()) {
    const found = await findingsOf(db, detection, params, step.given);
    const isEqual = found.length === step.expect.length && step.expect.every((row, place) => matches(row, found[place] ?? {}));
    if (!isEqual) {
      const parts = { expected: step.expect, found, given: step.given };
      const text = Object.entries(parts).map(([title, value]) => `${title}: ${JSON.stringify(value, null, 2)}`);
      return [`${detection.id}, case "${name}"${index > 0 ? ', after the late record' : ''}`, ...text, detection.sql].join('\n\n');
    }
  }
  return undefined;
}

async function findingsOf(
  db: Database,
  detection: Detection,
  params: DetectionCase['params'],
  given: DetectionCase['given'],
): Promise<SqlRow[]> {
  await db.run('begin');
  try {
    for (const [relation, rows] of Object.entries(given)) {
      for (const row of rows) await insertRow(db, relation === 'stg_events' ? 'stg_events_new' : relation, row);
    }
    return await db.all(detectionSql(detection), { ...detectionParameters(detection, {}), ...params });
  } finally {
    await db.run('rollback');
  }
}

/** What stands in a column that allows no null and that a case leaves out. */
const NEUTRAL: Record<string, string | number | boolean> = {
  VARCHAR: '-',
  BOOLEAN: false,
  'TIMESTAMP WITH TIME ZONE': '2026-01-15T09:00:00Z',
};

interface TableColumn {
  readonly column_name: string;
  readonly data_type: string;
  readonly is_nullable: string;
}

/** A case's tables stay as they are, and the engine takes longer to list their columns than to run most cases. */
const columnsKnown = new WeakMap<Database, Map<string, readonly TableColumn[]>>();

async function columnsOf(db: Database, table: string): Promise<readonly TableColumn[]> {
  const tables = columnsKnown.get(db) ?? new Map<string, readonly TableColumn[]>();
  columnsKnown.set(db, tables);
  const known = tables.get(table);
  if (known !== undefined) return known;
  const columns = await db.all<{ column_name: string; data_type: string; is_nullable: string }>(
    'select column_name, data_type, is_nullable from information_schema.columns where table_name = $table order by ordinal_position',
    { table },
  );
  if (columns.length > 0) tables.set(table, columns);
  return columns;
}

/**
 * Puts one row into a table. A column left out is null, or neutral where the table allows no null; a column that the table
 * has not is an error.
 */
export async function insertRow(db: Database, table: string, row: Record<string, SqlValue>): Promise<void> {
  const columns = await columnsOf(db, table);
  if (columns.length === 0) throw new Error(`a case gives rows for ${table}: there is no such table`);
  const unknown = Object.keys(row).filter((name) => !columns.some((column) => column.column_name === name));
  if (unknown.length > 0) throw new Error(`a case gives ${table} the column ${unknown.join(', ')}: it has none of that name`);
  const values = Object.fromEntries(
    columns.map(({ column_name, data_type, is_nullable }) => {
      const neutral = is_nullable === 'YES' ? null : (NEUTRAL[data_type] ?? 0);
      return [column_name, (row[column_name] ?? neutral) as string | number | boolean | null];
    }),
  );
  await db.run(`insert into ${table} by name select ${columns.map(({ column_name: name, data_type }) => `cast($${name} as ${data_type}) as ${name}`).join(', ')}`, values);
}

function matches(expected: Record<string, SqlValue>, found: SqlRow): boolean {
  return Object.entries(expected).every(([column, value]) => {
    const actual = column === 'evidence' ? recordIds(found['evidence'] ?? null) : (found[column] ?? null);
    return JSON.stringify(actual) === JSON.stringify(value);
  });
}

function recordIds(evidence: SqlValue): SqlValue {
  const entries = (evidence ?? []) as { record_id: string | null }[];
  return entries.map(({ record_id }) => record_id).filter((id) => id !== null);
}
