/** Puts frames into the relation `framed` of an in-memory database and runs one staging file over it, for tests. */
import { readFile } from 'node:fs/promises';
import { Database } from '../src/engine/database.ts';
import type { Frame, FrameEnvelope, FrameResult } from '../src/landing/frame.ts';

export type StagingFile = 'sign_ins' | 'directory_audits' | 'task_events' | 'described_tasks' | 'ecs_events' | 'application_logs' | 'directory_objects' | 'group_members' | 'identity_registry';

export interface StagingOptions {
  /** Envelope members that the source adds, for example its tenant. */
  readonly source?: FrameEnvelope;
  /** Retrieval time in the ledger, RFC 3339. */
  readonly retrievedAt?: string;
}

/** A database with an empty `framed`; close it after the test. */
export async function framedDatabase(): Promise<Database> {
  const database = await Database.open({ path: ':memory:' });
  await database.run(`create table framed (form varchar, batch_seq integer, member integer, record_number integer,
    record_sha256 varchar, envelope json, record json, retrieved_at timestamptz)`);
  return database;
}

/** Adds the records among `results`, as member `member` of batch 1, in the bytes that staging reads. */
export async function addFrames(database: Database, results: Iterable<FrameResult>, member: number, options: StagingOptions = {}): Promise<void> {
  const rows = [...results]
    .filter((result): result is Frame => result.kind === 'record')
    .map((frame) => ({
      form: frame.form,
      record_number: frame.recordNumber,
      record_sha256: frame.sha256,
      envelope: JSON.stringify({ ...options.source, ...frame.envelope }),
      record: (frame.stagingJson ?? frame.bytes).toString('utf8'),
    }));
  await database.run(
    `insert into framed
     select r.form, 1, $member, r.record_number, r.record_sha256, r.envelope::json, r.record::json, $retrieved_at::timestamptz
     from (select unnest(json_transform($rows::json, '[{"form": "VARCHAR", "record_number": "INTEGER", "record_sha256": "VARCHAR",
       "envelope": "VARCHAR", "record": "VARCHAR"}]')) as r)`,
    { rows: JSON.stringify(rows), member, retrieved_at: options.retrievedAt ?? null },
  );
}

/** The rows of one staging file over `framed`. */
export async function stagedRows<Row>(database: Database, file: StagingFile): Promise<Row[]> {
  return await database.all<Row>(await stagingSql(file));
}

/** The text of one staging file. */
export async function stagingSql(file: StagingFile): Promise<string> {
  return await readFile(new URL(`../queries/staging/${file}.sql`, import.meta.url), 'utf8');
}
