/**
 * What a run asks of the database: whether anything changed, and what its sources delivered.
 */
import type { Database } from '../engine/database.ts';
import type { RunRecords } from '../landing/run-log.ts';
import type { Writer } from '../store/writer.ts';

/** Everything that can change without a new batch: how far sources reach, and what correlation and detections make of that. */
const TABLES = ['stg_sources', 'cor_sessions', 'cor_task_launchers', 'cor_sign_in_candidates', 'cor_session_candidates', 'cor_configurer_candidates', 'cor_identities', 'findings'];

/** A text that differs where one of those tables does. The order of rows is nothing. */
export async function fingerprint(db: Database): Promise<string> {
  const there = await db.all<{ name: string }>('select table_name as name from duckdb_tables() where not temporary order by name');
  const parts: string[] = [];
  for (const table of TABLES) {
    if (!there.some(({ name }) => name === table)) continue;
    // A sum, not an exclusive or: two rows alike would cancel out.
    const row = await db.get<{ rows: number; sum: string }>(`select count(*) as rows, cast(sum(cast(hash(t) as hugeint)) as varchar) as sum from ${table} as t`);
    parts.push(`${table} ${row?.rows ?? 0} ${row?.sum ?? ''}`);
  }
  return parts.join('\n');
}

export const NO_RECORDS: RunRecords = { read: 0, new: 0, repeated: 0, rejected: 0, set_aside: 0 };

/** What became of the records of each source's batches above `after`, by the source's id. */
export async function recordsBySource(writer: Writer, after: number): Promise<ReadonlyMap<string, RunRecords>> {
  const rows = await writer.db.all<RunRecords & { batch_seq: number }>(
    `select batch_seq, sum(records_read)::bigint as read, sum(records_new)::bigint as new, sum(records_repeated)::bigint as repeated,
       sum(records_rejected)::bigint as rejected, sum(records_set_aside)::bigint as set_aside
     from stg_deliveries where batch_seq > $after group by batch_seq order by batch_seq`,
    { after },
  );
  const counted = new Map(rows.map((row) => [row.batch_seq, row]));
  const bySource = new Map<string, RunRecords>();
  for (const { seq, source } of writer.landing.batches(after)) {
    const row = counted.get(seq);
    if (!row) continue;
    const sum = bySource.get(source) ?? NO_RECORDS;
    bySource.set(source, {
      read: sum.read + row.read, new: sum.new + row.new, repeated: sum.repeated + row.repeated, rejected: sum.rejected + row.rejected,
      set_aside: sum.set_aside + row.set_aside,
    });
  }
  return bySource;
}
