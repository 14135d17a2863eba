/**
 * Status: how far each source is landed, what was delivered and rejected, how big the folder is, when it was last brought up
 * to date, how live sources and the last run do.
 */
import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { kyselyOn } from '../engine/kysely.ts';
import type { LedgerLine } from '../landing/landed-batches.ts';
import type { DayFile, Manifest } from '../store/manifest.ts';
import type { SearchedSource } from './answer.ts';
import { removedFrom, type RemovalCounts } from '../landing/removal-log.ts';
import { removedReports, type ReportRemovalCounts } from '../landing/report-removals.ts';
import { readRuns } from '../landing/run-log.ts';
import { channelRecords, type ChannelRecord } from './channels.ts';
import { liveStatus, type LiveStatus } from './live-status.ts';
import { answerRow, answerRows, type AnswerReader } from './reader.ts';
import { landedSources } from './sources.ts';

export interface FormCounts {
  readonly form: string;
  readonly read: number;
  readonly new: number;
  readonly repeated: number;
  readonly rejected: number;
  readonly set_aside: number;
}

export interface SourceStatus extends SearchedSource {
  /** From `complete_through` to now. */
  readonly lag_seconds: number | null;
  /** When its newest batch was landed. */
  readonly last_delivery_at: string | null;
}

export interface RejectRow {
  readonly file: string;
  readonly record: number | null;
  readonly form: string | null;
  readonly reason: string;
}

export interface Status extends LiveStatus {
  readonly schema: 'whoran.status/1';
  readonly data: string;
  /** When the state that is read was published. */
  readonly published_at: string;
  readonly batches: number;
  /** Of them, what retention and erasures took. */
  readonly removed: RemovalCounts;
  /** Files of reports that retention removed; the journal names each. */
  readonly removed_reports: ReportRemovalCounts;
  readonly sources: readonly SourceStatus[];
  /** What is needed or expected and never landed: a source, or `expected_account`, `_region`, `_cluster` with its name. */
  readonly gaps: readonly { readonly source: string; readonly tenant_id: string | null; readonly sign_in_kind: string | null; readonly name: string | null }[];
  readonly forms: readonly FormCounts[];
  readonly totals: Omit<FormCounts, 'form'>;
  readonly store: { readonly landing_bytes: number; readonly database_bytes: number; readonly event_files: number; readonly events: number };
  /** Who is told, by the record of messages: every channel that anything was ever planned for. */
  readonly channels: readonly ChannelStatus[];
  /** Only where asked for. */
  readonly rejects?: readonly RejectRow[];
}

export interface ChannelStatus extends ChannelRecord {
  /** Findings that the last run held back from it, and why. */
  readonly held_back: readonly { readonly why: string; readonly findings: number }[];
}

/** What status needs beyond an answer: the folder, its manifest and its ledger. */
export interface StatusReader extends Pick<AnswerReader, 'db'> {
  readonly dataDir: string;
  readonly manifest: Manifest;
  batches(): Iterable<LedgerLine>;
}

interface Tables {
  readonly stg_rejects: { readonly batch_seq: number | null; readonly member: number | null; readonly origin: string; readonly record_number: number | null; readonly form: string | null; readonly reason: string };
}

type DeliveryRow = FormCounts & { readonly last_batch_seq: number };

/** Which source a form's records belong to, in the words of `stg_sources`. */
function sourceOfForm(form: string): string | undefined {
  if (form.startsWith('cloudtrail_')) return 'cloudtrail';
  if (form === 'ecs_events') return 'ecs_events';
  return form.endsWith('_sign_ins') ? 'sign_ins' : undefined;
}

/** The status at `now`. With `rejects`, every record that couldn't be read. */
export async function status(reader: StatusReader, { now, rejects = false }: { now: Date; rejects?: boolean }): Promise<Status> {
  const deliveries = await answerRows<DeliveryRow>(reader, 'status_deliveries');
  const batches = [...reader.batches()];
  const isCorrelated = (await answerRow<{ is_there: boolean }>(reader, 'has_correlated_tables'))?.is_there ?? false;
  return {
    schema: 'whoran.status/1',
    data: reader.dataDir,
    published_at: reader.manifest.published_at.replace('.000Z', 'Z'),
    batches: batches.length,
    removed: removedFrom(reader.dataDir),
    removed_reports: removedReports(reader.dataDir),
    sources: (await landedSources(reader)).map((source) => ({
      ...source,
      lag_seconds: source.complete_through === null ? null : Math.max(0, Math.round((now.getTime() - Date.parse(source.complete_through)) / 1000)),
      last_delivery_at: lastDelivery(source, deliveries, batches),
    })),
    gaps: isCorrelated ? await answerRows(reader, 'status_gaps') : [],
    ...liveStatus(reader.dataDir, now),
    forms: deliveries.map(({ last_batch_seq: _seq, ...counts }) => counts),
    totals: totals(deliveries),
    channels: await channelStatus(reader, now),
    store: await storeSizes(reader.dataDir, reader.manifest.files),
    ...(rejects ? { rejects: await rejectRows(reader) } : {}),
  };
}

/** A channel that everything was held back from has no record yet, and stands there all the same. */
async function channelStatus({ db, dataDir }: StatusReader, now: Date): Promise<ChannelStatus[]> {
  const records = await channelRecords(db, dataDir, now);
  const held = readRuns(dataDir).findLast(({ ended }) => (ended?.alerts ?? null) !== null)?.ended?.alerts?.held ?? [];
  const unheard = [...new Set(held.flatMap(({ channels }) => channels))].filter((id) => !records.some(({ channel }) => channel === id));
  const nothing = { sent: 0, waiting: 0, dead: 0, last_sent_at: null, last_failure: null, left_alone_until: null, last_test: null };
  return [...records, ...unheard.map((channel): ChannelRecord => ({ channel, ...nothing }))].map((record) => ({
    ...record, held_back: held.flatMap(({ why, findings, channels }) => (channels.includes(record.channel) ? [{ why, findings }] : [])),
  }));
}

function lastDelivery(source: SearchedSource, deliveries: readonly DeliveryRow[], batches: readonly LedgerLine[]): string | null {
  const newest = Math.max(0, ...deliveries.filter(({ form }) => sourceOfForm(form) === source.source).map((delivery) => delivery.last_batch_seq));
  return batches.find((line) => line.seq === newest)?.landed_at.replace('.000Z', 'Z') ?? null;
}

function totals(deliveries: readonly DeliveryRow[]): Omit<FormCounts, 'form'> {
  const sum = (count: (row: DeliveryRow) => number): number => deliveries.reduce((total, row) => total + count(row), 0);
  return {
    read: sum((row) => row.read),
    new: sum((row) => row.new),
    repeated: sum((row) => row.repeated),
    rejected: sum((row) => row.rejected),
    set_aside: sum((row) => row.set_aside),
  };
}

async function rejectRows(reader: Pick<AnswerReader, 'db'>): Promise<RejectRow[]> {
  return kyselyOn<Tables>(reader.db)
    .selectFrom('stg_rejects')
    .select(['origin as file', 'record_number as record', 'form', 'reason'])
    .orderBy('batch_seq')
    .orderBy('member')
    .orderBy('origin')
    .orderBy('record_number')
    .orderBy('reason')
    .execute();
}

/** What a data folder holds. `files`: those of its published manifest. */
export async function storeSizes(dataDir: string, files: readonly DayFile[]): Promise<Status['store']> {
  const events = files.filter((file) => file.relation === 'events');
  return {
    landing_bytes: await folderBytes(join(dataDir, 'landing')),
    database_bytes: await folderBytes(join(dataDir, 'store')),
    event_files: events.length,
    events: events.reduce((sum, file) => sum + file.rows, 0),
  };
}

/** The sizes of all files below a folder; 0 where there is none. Files that vanish meanwhile count nothing. */
async function folderBytes(folder: string): Promise<number> {
  let bytes = 0;
  for (const entry of await readdir(folder, { withFileTypes: true, recursive: true }).catch(() => [])) {
    if (!entry.isFile()) continue;
    const stat = await lstat(join(entry.parentPath, entry.name)).catch(() => undefined);
    bytes += stat?.size ?? 0;
  }
  return bytes;
}
