/**
 * What an ingest did, counted: `whoran.ingest/1` (RULINGS 21).
 */
import type { Database } from '../engine/database.ts';
import type { LandedAt } from '../landing/digest-index.ts';
import type { UnreadableFile } from './ingest-files.ts';

export interface IngestCounts {
  readonly read: number;
  readonly new: number;
  readonly repeated: number;
  readonly rejected: number;
  /** read = new + repeated + rejected + set_aside */
  readonly set_aside: number;
}

export interface IngestResult {
  readonly schema: 'whoran.ingest/1';
  /** Files read, those whose bytes were landed before among them. */
  readonly files: number;
  readonly forms: readonly ({ readonly form: string } & IngestCounts)[];
  readonly totals: IngestCounts;
  readonly rejects: readonly { readonly file: string; readonly record: number | null; readonly reason: string }[];
  /** Files that could not be read; the exit code is 1 where there are any. */
  readonly unreadable: readonly UnreadableFile[];
  /** What was repaired or made up for at start, one sentence each. */
  readonly repairs: readonly string[];
}

/** A file whose bytes are landed already, where and since when. */
export interface RepeatedFile {
  readonly origin: string;
  readonly at: LandedAt;
}

/**
 * Counts the batches above `after`, and once more, as repeated, the files that were landed before.
 */
export async function countIngest(
  db: Database,
  after: number,
  repeated: readonly RepeatedFile[],
  rest: Pick<IngestResult, 'files' | 'unreadable' | 'repairs'>,
): Promise<IngestResult> {
  await db.run('create or replace temp table ingest_repeated (batch_seq integer, member integer, origin varchar)');
  if (repeated.length > 0) {
    await db.run(
      `insert into ingest_repeated
       select unnest(from_json($files, '[{"batch_seq":"INTEGER","member":"INTEGER","origin":"VARCHAR"}]'), recursive := true)`,
      { files: JSON.stringify(repeated.map(({ origin, at }) => ({ batch_seq: at.batchSeq, member: at.member, origin }))) },
    );
  }
  const forms = await db.all<{ form: string } & IngestCounts>(FORMS, { after });
  const rejects = await db.all<{ file: string; record: number | null; reason: string }>(REJECTS, { after });
  const sum = (pick: (row: IngestCounts) => number): number => forms.reduce((total, row) => total + pick(row), 0);
  return {
    schema: 'whoran.ingest/1',
    files: rest.files,
    forms,
    totals: {
      read: sum((row) => row.read),
      new: sum((row) => row.new),
      repeated: sum((row) => row.repeated),
      rejected: sum((row) => row.rejected),
      set_aside: sum((row) => row.set_aside),
    },
    rejects,
    unreadable: rest.unreadable,
    repairs: rest.repairs,
  };
}

const FORMS = `
with counted as (
  select form, records_read, records_new, records_repeated, records_rejected, records_set_aside
  from stg_deliveries
  where batch_seq > $after
  union all
  select d.form, d.records_read, 0, d.records_new + d.records_repeated, d.records_rejected, d.records_set_aside
  from ingest_repeated as r
  join stg_deliveries as d on d.batch_seq = r.batch_seq and d.member = r.member
)

select
  form, sum(records_read)::bigint as read, sum(records_new)::bigint as new, sum(records_repeated)::bigint as repeated,
  sum(records_rejected)::bigint as rejected, sum(records_set_aside)::bigint as set_aside
from counted
group by form
order by form`;

const REJECTS = `
with rejected as (
  select origin as file, record_number as record, reason
  from stg_rejects
  where batch_seq > $after
  union all
  select r.origin, x.record_number, x.reason
  from ingest_repeated as r
  join stg_rejects as x on x.batch_seq = r.batch_seq and x.member = r.member
)

select file, record, reason
from rejected
order by file, record, reason`;
