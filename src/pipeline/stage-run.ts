/**
 * One run of staging: chunks of raw records go in, and at the end the staged tables and Parquet files hold them. All of the
 * meaning is in `queries/staging/`; this file runs those queries in order.
 */
import type { Database } from '../engine/database.ts';
import { queryText } from '../engine/query-file.ts';
import { fileList, filesOf, stateTable } from '../store/event-views.ts';
import type { DayFile } from '../store/manifest.ts';
import type { Writer } from '../store/writer.ts';
import { UTC_DAY, mergeDays, writeDays } from './stage-days.ts';
import type { StageFile } from './stage-file.ts';
import type { FramedOutcome, StagedMember } from './stage-member.ts';
import { settle } from './stage-settle.ts';

/** A chunk with so many events of each day goes straight to Parquet; the events of others wait for more. */
const ROWS_A_DAY = 20_000;
/** Events wait in memory until there are so many, about 250 MB. */
const WAITING_ROWS = 240_000;
/** Further copies go to Parquet once there are so many; until then they are rows of the state. */
const COPIES_IN_STATE = 50_000;

interface ChunkDay {
  readonly day: string;
  readonly addenda: number;
  readonly rows: number;
}

/** See above. Calls one at a time; `finish` once. */
export class StageRun {
  readonly writer: Writer;
  readonly #db: Database;
  #files: DayFile[];
  #waiting = 0;
  /** Members that are told of, and not yet in `stage_members`: a statement for each would be most of the time of many small files. */
  #members: StagedMember[] = [];
  readonly #days = new Set<string>();

  private constructor(writer: Writer) {
    this.writer = writer;
    this.#db = writer.db;
    this.#files = [...writer.files];
  }

  static async begin(writer: Writer): Promise<StageRun> {
    const run = new StageRun(writer);
    await run.#query('stage_tables');
    return run;
  }

  /** Says what the coming chunks are out of. */
  members(members: readonly StagedMember[]): void {
    for (const { batchSeq, member, origin } of members) this.#members.push({ batchSeq, member, origin });
  }

  /**
   * Stages a file of trail objects, one a line. Returns the members that have to be framed record by record, since
   * something in them is not as it should be; all of them where the file can't be read so.
   */
  async objects(file: StageFile, members: readonly StagedMember[]): Promise<readonly StagedMember[]> {
    await this.#point(file);
    await this.#query('cloudtrail_objects');
    try {
      await this.#query('cloudtrail_chunk');
    } catch {
      // What DuckDB says may quote the record, and framing says it better.
      return members;
    }
    const odd = await this.#db.all<{ batch_seq: number; member: number }>(
      'select distinct batch_seq, member from cloudtrail_chunk where reject_reason is not null or is_set_aside order by batch_seq, member',
    );
    const doubtful = members.filter((m) => odd.some((o) => o.batch_seq === m.batchSeq && o.member === m.member));
    for (const { batchSeq, member } of doubtful) {
      await this.#db.run('delete from cloudtrail_chunk where batch_seq = $batchSeq and member = $member', { batchSeq, member });
    }
    await this.#chunk();
    return doubtful;
  }

  /** Reads a file of framed records. Returns whether DuckDB could: if not, one of its lines is at fault. */
  async load(file: StageFile): Promise<boolean> {
    await this.#point(file);
    try {
      await this.#query('framed');
      return true;
    } catch {
      return false;
    }
  }

  /** Stages the framed records that were loaded, of any form. */
  async framed(): Promise<void> {
    const forms = await this.#db.all<{ form: string }>('select distinct form from framed');
    if (forms.some(({ form }) => form.startsWith('cloudtrail_'))) {
      await this.#query('cloudtrail_lines');
      await this.#query('cloudtrail_chunk');
      await this.#chunk();
    }
    if (forms.some(({ form }) => !form.startsWith('cloudtrail_'))) await this.#rows();
    await this.#db.run('delete from framed');
  }

  /** Counts what framing itself rejected or set aside. */
  async outcomes(outcomes: readonly FramedOutcome[]): Promise<void> {
    if (outcomes.length === 0) return;
    await this.#writeMembers();
    const parameters = { outcomes: JSON.stringify(outcomes) };
    const rows = `select unnest(from_json($outcomes,
      '[{"batchSeq":"INTEGER","member":"INTEGER","form":"VARCHAR","recordNumber":"INTEGER","reason":"VARCHAR"}]'), recursive := true)`;
    await this.#db.run(
      `insert into stage_counts
       select "batchSeq", member, form, count(*), 0, 0, count(reason), count(*) - count(reason) from (${rows}) group by "batchSeq", member, form`,
      parameters,
    );
    await this.#db.run(
      `insert into stg_rejects
       select o."batchSeq", o.member, m.origin, o."recordNumber", o.form, o.reason
       from (${rows}) as o join stage_members as m on m.batch_seq = o."batchSeq" and m.member = o.member
       where o.reason is not null order by o."batchSeq", o.member, o."recordNumber"`,
      parameters,
    );
  }

  /** Settles, writes Parquet, counts; afterwards every batch up to `throughSeq` is staged in the writer's copy. */
  async finish(throughSeq: number): Promise<void> {
    await this.#writeMembers();
    await this.#flush();
    const settled = await settle(this, this.#files);
    if (settled) {
      this.#files = [...settled.files];
      this.#waiting = settled.waiting;
      await this.#flush();
    }
    await this.#writeCopies();
    this.#files = await mergeDays(this.writer, this.#files, this.#days);
    const landedThrough = throughSeq > 0 ? new Date(this.writer.landing.batch(throughSeq).landed_at) : new Date(0);
    await this.#liveStreams();
    await this.#removedSpans();
    await this.#db.run(`set variable landed_through = timestamptz '${landedThrough.toISOString()}'`);
    await this.#db.transaction(async () => this.#query('stage_finish'));
    await this.writer.staged(throughSeq, this.#files);
  }

  /** Inserts what `cloudtrail_chunk` holds and `dedupe_dropped` doesn't; the events wait. */
  async keep(): Promise<void> {
    await this.#query('cloudtrail_kept');
    await this.#query('cloudtrail_keep');
    await this.#db.run('insert into stage_events select * from cloudtrail_events');
  }

  /** De-duplicates, keeps and counts what `cloudtrail_chunk` holds. */
  async #chunk(): Promise<void> {
    await this.#writeMembers();
    const days = await this.#db.all<ChunkDay>(
      `select strftime(make_timestamp(${UTC_DAY} * 86400000000), '%Y-%m-%d') as day,
         count(*) filter (where is_addendum) as addenda, count(*) as rows
       from cloudtrail_chunk where reject_reason is null and not is_set_aside group by ${UTC_DAY}`,
    );
    for (const { day } of days) this.#days.add(day);
    await this.#pointStored(days);
    await this.#query('dedupe_hashes');
    const known = await this.#db.get<{ hashes: number }>('select count(*) as hashes from dedupe_hashes');
    if (known && known.hashes > 0) await this.#db.transaction(async () => this.#query('dedupe_events'));
    if (days.some(({ addenda }) => addenda > 0)) await this.#db.transaction(async () => this.#query('dedupe_addenda'));
    await this.#query('cloudtrail_counts');
    await this.#query('dedupe_drop');
    const rows = days.reduce((sum, day) => sum + day.rows, 0);
    if (rows >= ROWS_A_DAY * days.length) {
      await this.#query('cloudtrail_kept');
      await this.#query('cloudtrail_keep');
      this.#files.push(...(await writeDays(this.writer, 'cloudtrail_events', 'events')));
    } else {
      await this.keep();
      this.#waiting += rows;
    }
    if (this.#waiting >= WAITING_ROWS) await this.#writeWaiting();
  }

  /**
   * The Parquet files of the chunk's days, as `stored_events`: they can hold copies of what the chunk holds. All of a day's
   * files: a copy whose time was altered is to be found too, in whatever order they come.
   */
  async #pointStored(days: readonly ChunkDay[]): Promise<void> {
    const files = filesOf(this.#files, 'events').filter((file) => days.some(({ day }) => day === file.day));
    const from = files.length === 0 ? 'stg_events_new' : `read_parquet(${fileList(this.writer.folder, files)})`;
    await this.#db.run(`create or replace temp view stored_events as select * from ${from}`);
  }

  async #rows(): Promise<void> {
    await this.#writeMembers();
    for (const name of ['sign_ins', 'directory_audits', 'task_events', 'described_tasks', 'ecs_events', 'application_logs', 'directory_objects', 'group_pages', 'identity_registry']) {
      await this.#db.run(`create or replace temp table staged_${name} as ${await queryText(`staging/${name}`)}`);
    }
    await this.#db.transaction(async () => this.#query('dedupe_rows'));
  }

  async #writeMembers(): Promise<void> {
    if (this.#members.length === 0) return;
    const members = JSON.stringify(this.#members);
    this.#members = [];
    await this.#db.run(
      `insert into stage_members
       select unnest(from_json($members, '[{"batchSeq":"INTEGER","member":"INTEGER","origin":"VARCHAR"}]'), recursive := true)`,
      { members },
    );
  }

  /** Everything that waits goes where it belongs. */
  async #flush(): Promise<void> {
    await this.#writeWaiting();
    await this.#db.transaction(async () => this.#query('stage_flush'));
    await this.writer.staged(this.writer.stagedThrough, this.#files);
  }

  async #writeWaiting(): Promise<void> {
    if (this.#waiting === 0) return;
    this.#files.push(...(await writeDays(this.writer, 'stage_events', 'events')));
    await this.#db.run('delete from stage_events');
    this.#waiting = 0;
  }

  /** What live sources say of themselves, as the table that `stage_finish` reads: a row for each thing that a stream covers. */
  async #liveStreams(): Promise<void> {
    const rows = this.writer.landing.pulls.streams.flatMap(({ covers, since, complete_through }) =>
      covers.map(({ of, ...scope }) => ({ source: of, ...scope, since, complete_through })),
    );
    await this.#db.run(
      `create or replace temp table live_streams as
       select unnest(from_json($rows, '[{"source":"VARCHAR","tenant_id":"VARCHAR","sign_in_kind":"VARCHAR","account_id":"VARCHAR",
         "region":"VARCHAR","since":"TIMESTAMPTZ","complete_through":"TIMESTAMPTZ"}]'), recursive := true)`,
      { rows: JSON.stringify(rows) },
    );
    await this.#db.run("delete from live_streams where source not in ('cloudtrail', 'ecs_events', 'sign_ins')");
  }

  /** Through when something of a source was removed from landing, as the table that `stage_finish` reads. */
  async #removedSpans(): Promise<void> {
    const rows = this.writer.landing.removals.lines.flatMap(({ spans }) => spans);
    await this.#db.run(
      `create or replace temp table removed_spans as
       select unnest(from_json($rows, '[{"source":"VARCHAR","tenant_id":"VARCHAR","sign_in_kind":"VARCHAR","first_at":"TIMESTAMPTZ","last_at":"TIMESTAMPTZ"}]'),
         recursive := true)`,
      { rows: JSON.stringify(rows) },
    );
  }

  async #writeCopies(): Promise<void> {
    const table = await stateTable(this.#db, 'stg_event_copies');
    await this.#db.run(`insert into ${table} by name select * from stage_copies`);
    const copies = await this.#db.get<{ rows: number }>(`select count(*) as rows from ${table}`);
    if ((copies?.rows ?? 0) > COPIES_IN_STATE) {
      this.#files.push(...(await writeDays(this.writer, table, 'event_copies')));
      await this.#db.run(`delete from ${table}`);
    }
  }

  async #point(file: StageFile): Promise<void> {
    file.end();
    await this.#db.run(`set variable raw_path = '${file.path.replaceAll("'", "''")}'`);
    await this.#db.run(`set variable object_size = ${file.objectSize}`);
  }

  async #query(name: string): Promise<void> {
    await this.#db.run(await queryText(`staging/${name}`));
  }
}
