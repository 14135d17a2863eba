/**
 * In which parts a report's query is run: a long list of things is made a part of the period at a time, so that memory is a part's and not the
 * period's.
 */
import type { Query } from '../catalog/catalog.ts';
import type { Database, SqlParameters } from '../engine/database.ts';
import { quoted } from '../engine/sql-text.ts';

/** Rows of one part, about: more than that many things at one instant are one part. */
const ROWS_OF_A_PART = 30_000;

/**
 * The parameters of each run of a query, in order. One run, unless the query's header says that it may be run in parts.
 * @param parameters with the period as `from` and `to`, where the query takes them
 */
export async function runsOf(db: Database, { header }: Query, parameters: Readonly<Record<string, Date>>, rowsOfAPart = ROWS_OF_A_PART): Promise<SqlParameters[]> {
  const { from, to } = parameters;
  const [relation, column] = header.parts?.split('.') ?? [];
  if (!relation || !column || !from || !to) return [parameters];
  const at = quoted(column);
  // To the millisecond, as a period's ends are told; times are kept to the microsecond.
  const ends = await db.all<{ part_from: string }>(
    `select distinct date_trunc('millisecond', row_at) as part_from
     from (select ${at} as row_at, row_number() over (order by ${at}) as place from ${quoted(relation)} where ${at} >= $from and ${at} < $to)
     where place % ${rowsOfAPart} = 0
     order by part_from`,
    { from, to },
  );
  const starts = [from, ...ends.map((end) => new Date(end.part_from)).filter((start) => start > from)];
  return starts.map((start, index) => ({ ...parameters, from: start, to: starts[index + 1] ?? to }));
}
