/**
 * From the tables of waiting rows to day-partitioned Parquet: written once, small files of one day merged later.
 */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileList } from '../store/event-views.ts';
import type { DayFile, DayRelation } from '../store/manifest.ts';
import type { Writer } from '../store/writer.ts';

/** A day with more files than this gets its small ones merged. */
const MOST_FILES_A_DAY = 16;
/** Files with at least so many rows are left as they are: merging them again and again would cost more than it saves. */
const SMALL_ROWS = 250_000;

/** Level 1 of zstd writes a tenth faster than DuckDB's default of 3, and a few per cent larger. */
const PARQUET = '(format parquet, compression zstd, compression_level 1)';

/** The UTC day of `event_at`, counted from 1970. A cast to DATE goes through a calendar and takes eight times as long. */
export const UTC_DAY = '(epoch_us(event_at) // 86400000000)';

interface DayRow {
  readonly day: string;
  readonly rows: number;
  readonly first_event_at: string;
  readonly last_event_at: string;
  readonly first_batch_seq: number;
  readonly last_batch_seq: number;
}

/** Writes the rows of a relation to Parquet, a file for each UTC day, and returns the files. */
export async function writeDays(writer: Writer, rows: string, relation: DayRelation): Promise<DayFile[]> {
  const { db } = writer;
  const days = await db.all<DayRow>(
    `select strftime(make_timestamp(${UTC_DAY} * 86400000000), '%Y-%m-%d') as day, count(*) as rows,
       strftime(min(event_at) at time zone 'UTC', '%Y-%m-%dT%H:%M:%S.%fZ') as first_event_at,
       strftime(max(event_at) at time zone 'UTC', '%Y-%m-%dT%H:%M:%S.%fZ') as last_event_at,
       min(batch_seq) as first_batch_seq, max(batch_seq) as last_batch_seq
     from ${rows} group by ${UTC_DAY} order by ${UTC_DAY}`,
  );
  const files: DayFile[] = [];
  for (const day of days) {
    const path = writer.newFile(relation, day.day);
    const where = days.length === 1 ? '' : ` where event_at >= '${day.day}T00:00:00Z' and event_at < timestamptz '${day.day}T00:00:00Z' + interval 1 day`;
    await copyTo(writer, `select * from ${rows}${where}`, path);
    files.push({ relation, path, ...day });
  }
  return files;
}

/** Writes `files` again without the rows that `keys` (account_id, event_id) names. */
export async function rewriteWithout(writer: Writer, files: readonly DayFile[], keys: string): Promise<DayFile[]> {
  const written: DayFile[] = [];
  for (const file of files) {
    const path = writer.newFile(file.relation, file.day);
    const rows = await copyTo(
      writer,
      `select t.* from read_parquet(${fileList(writer.folder, [file])}) as t
       anti join ${keys} as k on k.account_id = t.account_id and k.event_id = t.event_id`,
      path,
    );
    if (rows > 0) written.push({ ...file, path, rows });
    else await rm(join(writer.folder, path));
  }
  return written;
}

/** Merges the small files of each of `days` that has too many; returns the list with the merged ones in their place. */
export async function mergeDays(writer: Writer, files: readonly DayFile[], days: ReadonlySet<string>): Promise<DayFile[]> {
  let merged = [...files];
  for (const day of days) {
    for (const relation of ['events', 'event_copies'] as const) {
      const ofDay = merged.filter((file) => file.day === day && file.relation === relation);
      const small = ofDay.filter((file) => file.rows < SMALL_ROWS);
      if (ofDay.length <= MOST_FILES_A_DAY || small.length < 2) continue;
      const path = writer.newFile(relation, day);
      await copyTo(writer, `select * from read_parquet(${fileList(writer.folder, small)}) order by event_at`, path);
      const one = joined(relation, day, path, small);
      merged = [...merged.filter((file) => !small.includes(file)), one];
    }
  }
  return merged;
}

function joined(relation: DayRelation, day: string, path: string, files: readonly DayFile[]): DayFile {
  const least = (pick: (file: DayFile) => string): string => files.map(pick).reduce((a, b) => (a < b ? a : b));
  const most = (pick: (file: DayFile) => string): string => files.map(pick).reduce((a, b) => (a > b ? a : b));
  return {
    relation,
    day,
    path,
    rows: files.reduce((sum, file) => sum + file.rows, 0),
    first_event_at: least((file) => file.first_event_at),
    last_event_at: most((file) => file.last_event_at),
    first_batch_seq: Math.min(...files.map((file) => file.first_batch_seq)),
    last_batch_seq: Math.max(...files.map((file) => file.last_batch_seq)),
  };
}

/** Writes the rows of a query to a new file; returns how many. */
async function copyTo(writer: Writer, query: string, path: string): Promise<number> {
  const quoted = join(writer.folder, path).replaceAll("'", "''");
  const row = await writer.db.get<{ Count: number }>(`copy (${query}) to '${quoted}' ${PARQUET}`);
  return row?.Count ?? 0;
}
