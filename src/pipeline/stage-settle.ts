/**
 * Settling: records whose copies differ, or that addenda amend, are staged again from the landed bytes of all of their
 * copies. What is staged then follows from the set of copies, never from the order in which they came (ATTRIBUTION §5.1).
 */
import { join } from 'node:path';
import { queryText } from '../engine/query-file.ts';
import { frames } from '../landing/framing.ts';
import { fileList, filesOf } from '../store/event-views.ts';
import type { DayFile } from '../store/manifest.ts';
import { frameLine } from './stage-frames.ts';
import { rewriteWithout } from './stage-days.ts';
import type { Writer } from '../store/writer.ts';
import { StageFile } from './stage-file.ts';

interface Place {
  readonly batch_seq: number;
  readonly member: number;
  readonly record_numbers: number[];
}

/** The run that settles: its writer, and how it keeps what a chunk staged. */
interface Settling {
  readonly writer: Writer;
  keep(): Promise<void>;
}

/** The Parquet files afterwards, and how many rows wait to be written to new ones. */
export interface Settled {
  readonly files: readonly DayFile[];
  readonly waiting: number;
}

/** Settles the keys of `stage_settle`. Undefined where there are none. Nothing may wait in `stage_events`. */
export async function settle(run: Settling, files: readonly DayFile[]): Promise<Settled | undefined> {
  const { db } = run.writer;
  const keys = await db.get<{ keys: number }>('select count(*) as keys from stage_settle');
  if (!keys || keys.keys === 0) return undefined;
  const query = async (name: string): Promise<void> => db.run(await queryText(`staging/${name}`));
  await query('settle_copies');
  const file = new StageFile(join(run.writer.temporaryFolder, 'settle.ndjson'));
  try {
    await writeCopies(run, file);
    file.end();
    await db.run(`set variable raw_path = '${file.path.replaceAll("'", "''")}'`);
    await db.run(`set variable object_size = ${file.objectSize}`);
    await query('framed');
  } finally {
    file.remove();
  }
  for (const name of ['settle_records', 'cloudtrail_lines', 'cloudtrail_chunk']) await query(name);
  await db.transaction(async () => query('settle_apply'));
  const rewritten = await rewriteReplaced(run, files);
  await run.keep();
  await db.run('delete from framed');
  const waiting = await db.get<{ rows: number }>('select count(*) as rows from stage_events');
  return { files: rewritten, waiting: waiting?.rows ?? 0 };
}

async function writeCopies(run: Settling, file: StageFile): Promise<void> {
  const { db, landing } = run.writer;
  const places = await db.all<Place>(
    `select batch_seq, member, list(distinct record_number) as record_numbers
     from settle_copies group by batch_seq, member order by batch_seq, member`,
  );
  for (const place of places) {
    const { bytes, origin } = landing.unpackMember(place.batch_seq, place.member);
    const wanted = new Set(place.record_numbers);
    const from = { batchSeq: place.batch_seq, member: place.member, retrievedAt: null, tenantId: null };
    for (const frame of frames(bytes, origin)) {
      if (frame.kind === 'record' && wanted.has(frame.recordNumber)) file.line(...frameLine(frame, from));
    }
  }
}

/** Stored rows that are replaced are left out of their files' new versions. */
async function rewriteReplaced(run: Settling, files: readonly DayFile[]): Promise<DayFile[]> {
  const { db, folder } = run.writer;
  const days = await db.all<{ day: string }>("select distinct strftime(event_day, '%Y-%m-%d') as day from settle_replaced order by day");
  const result: DayFile[] = [...files];
  for (const { day } of days) {
    const ofDay = filesOf(result, 'events').filter((file) => file.day === day);
    if (ofDay.length === 0) continue;
    const holders = await db.all<{ filename: string }>(
      `select distinct t.filename
       from read_parquet(${fileList(folder, ofDay)}, filename = true) as t
       semi join settle_replaced as r
         on r.event_id_hash = t.event_id_hash and r.account_id = t.account_id and r.event_id = t.event_id`,
    );
    const names = new Set(holders.map((holder) => holder.filename));
    for (const file of ofDay.filter((candidate) => names.has(join(folder, candidate.path)))) {
      result.splice(result.indexOf(file), 1, ...(await rewriteWithout(run.writer, [file], 'settle_replaced')));
    }
  }
  return result;
}
