/**
 * What a report's queries read, with people's names replaced. The report is then made from that alone, so it is the report that a replay makes.
 *
 * SQL finds the distinct values and puts the new ones in their places; only those are looked at one by one, once each.
 */
import { mkdir, readdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { Database } from '../engine/database.ts';
import { literal, quoted } from '../engine/sql-text.ts';
import type { PeopleNames } from './people-names.ts';
import { checkDeclared, personColumns, type PersonColumns } from './person-columns.ts';

interface Column {
  readonly column_name: string;
  readonly column_type: string;
}

/** Replaced values are handed to the engine in lists of this length. */
const TOGETHER = 10_000;

/**
 * Writes each `<raw>/<relation>.parquet` to `<folder>/<relation>.parquet`, rows and columns as they were, names replaced.
 * @throws WhoranError where there is a column of which nobody said whether it names people
 */
export async function redactInputs(db: Database, raw: string, folder: string, names: PeopleNames, progress: (step: string) => void): Promise<void> {
  await mkdir(folder, { recursive: true });
  const declared = await personColumns();
  for (const file of (await readdir(raw)).sort()) {
    const relation = basename(file, '.parquet');
    progress(`replacing names in ${relation}`);
    await redactRelation(db, relation, join(raw, file), join(folder, file), names, declared);
  }
}

async function redactRelation(db: Database, relation: string, from: string, to: string, names: PeopleNames, declared: PersonColumns): Promise<void> {
  const columns = await db.all<Column>(`select column_name, column_type from (describe select * from read_parquet(${literal(from)}))`);
  await db.run('create or replace temp table redacted_values (position integer, value varchar, replaced varchar)');
  const changed = new Set<number>();
  for (const [position, column] of columns.entries()) {
    if (!column.column_type.includes('VARCHAR')) continue;
    checkDeclared(declared, `${relation}.${column.column_name}`);
    const values = await changedValues(db, from, column, (text) => names.replace(text, `${relation}.${column.column_name}`));
    if (values.length > 0) changed.add(position);
    for (let at = 0; at < values.length; at += TOGETHER) {
      const some = values.slice(at, at + TOGETHER);
      await db.run('insert into redacted_values select cast($position as integer), unnest(cast($values as varchar[])), unnest(cast($replaced as varchar[]))', { position, values: some.map(([value]) => value), replaced: some.map(([, replaced]) => replaced) });
    }
  }
  const shown = columns.map((column, position) => {
    const name = `t.${quoted(column.column_name)}`;
    if (!changed.has(position)) return name;
    const replaced = isPlain(column) ? `v${position}.replaced` : `cast(cast(v${position}.replaced as json) as ${column.column_type})`;
    return `case when v${position}.replaced is null then ${name} else ${replaced} end as ${quoted(column.column_name)}`;
  });
  const joins = [...changed].map((position) => {
    const column = columns[position];
    return column ? `left join redacted_values v${position} on v${position}.position = ${position} and v${position}.value = ${textOf(column, 't.')}` : '';
  });
  await db.run(`copy (select ${shown.join(', ')} from read_parquet(${literal(from)}, file_row_number = true) t ${joins.join(' ')} order by t.file_row_number) to ${literal(to)} (format parquet, compression zstd)`);
}

/** The column's distinct values that hold a name, each with what takes its place. */
async function changedValues(db: Database, from: string, column: Column, replace: (text: string) => string): Promise<[value: string, replaced: string][]> {
  const changed: [string, string][] = [];
  const text = textOf(column, '');
  for await (const rows of db.stream<{ value: string }>(`select distinct ${text} as value from read_parquet(${literal(from)}) where ${quoted(column.column_name)} is not null`)) {
    for (const { value } of rows) {
      const replaced = isPlain(column) ? replace(value) : JSON.stringify(inTexts(JSON.parse(value), replace));
      if (replaced !== (isPlain(column) ? value : JSON.stringify(JSON.parse(value)))) changed.push([value, replaced]);
    }
  }
  return changed;
}

const isPlain = ({ column_type: type }: Column): boolean => type === 'VARCHAR';

/** A value as text, in SQL: lists, structures and maps as JSON. */
function textOf(column: Column, table: string): string {
  const name = `${table}${quoted(column.column_name)}`;
  return isPlain(column) ? name : `cast(to_json(${name}) as varchar)`;
}

/** Every text of a JSON value replaced. Names of members are columns' names, or tags' keys. */
function inTexts(value: unknown, replace: (text: string) => string): unknown {
  if (typeof value === 'string') return replace(value);
  if (Array.isArray(value)) return value.map((one: unknown) => inTexts(one, replace));
  if (typeof value === 'object' && value !== null) return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, inTexts(one, replace)]));
  return value;
}
