/**
 * Retention: which deliveries have been kept as long as the configuration says, and taking them out. What stays of each: its line in
 * the ledger, the hashes of its records, and who decided it when by which rule, in the journal.
 *
 * The database is not edited: it is made again from what is left, by whoever next opens it for writing.
 */
import { readFileSync } from 'node:fs';
import type { Config } from '../config/config.ts';
import { RETENTION_CLASSES, type RetentionClass, type RetentionConfig } from '../config/retention.ts';
import type { Database } from '../engine/database.ts';
import { queryText } from '../engine/query-file.ts';
import { batchRecords, treeOf } from '../evidence/record-tree.ts';
import { GunzipError } from '../landing/gunzip.ts';
import { holdsOf, type Hold } from '../landing/holds.ts';
import type { LandedBatches, LedgerLine } from '../landing/landed-batches.ts';
import { leavesPath, REMOVAL_ACTIONS, type RemovedSpan } from '../landing/removal-log.ts';
import { remove, type RemovalWithLeaves } from '../landing/removals.ts';
import { HASH_BYTES } from '../verifier/merkle.ts';
import { earliest, groupBy, isHeld, latest, removedRows, removedSpans, type SpanRow } from './batch-spans.ts';
import { appendToJournal } from './journal.ts';
import { isReportRetentionConfigured, retainReports, type ReportRetention } from './retain-reports.ts';

type Layer = 'landed' | 'database';
const LAYERS: readonly Layer[] = ['landed', 'database'];
const DAY_MS = 86_400_000;
/** Batches noted and removed together: their hashes wait in memory. */
const AT_ONCE = 64;

/** A batch that a rule takes. */
export interface DueBatch {
  readonly line: LedgerLine;
  readonly layer: Layer;
  readonly days: number;
  readonly firstAt: string;
  readonly lastAt: string;
  readonly spans: readonly RemovedSpan[];
}

export interface RetentionPlan {
  readonly due: readonly DueBatch[];
  /** Due, and kept by a hold. */
  readonly held: readonly { readonly batch: DueBatch; readonly hold: Hold }[];
}

/** What one layer loses. Times are RFC 3339 UTC, of records. */
export interface RetainedLayer {
  readonly layer: Layer;
  readonly batches: number;
  readonly bytes: number;
  readonly by_source: Readonly<Record<string, number>>;
  readonly first_at: string | null;
  readonly last_at: string | null;
}

/** `whoran.retention/1`. */
export interface Retained {
  readonly schema: 'whoran.retention/1';
  readonly at: string;
  readonly by: string;
  readonly is_dry_run: boolean;
  readonly layers: readonly RetainedLayer[];
  /** What holds keep, by hold. */
  readonly held: readonly { readonly hold: string; readonly batches: number }[];
  /** The journal's line that records it; null where nothing was removed of landing or the database. */
  readonly journal_seq: number | null;
  /** Files of reports, with their own line. */
  readonly reports: ReportRetention;
}

export interface RetainOptions {
  readonly now: Date;
  /** Who decided it: a person, or `configuration` for a run's own step. */
  readonly by: string;
  readonly isDryRun?: boolean;
  readonly progress?: (step: string) => void;
  readonly sleep: (ms: number) => Promise<void>;
}

/** An open landing, and the database of what is staged of it. */
export interface RetainFrom {
  readonly dataDir: string;
  readonly db: Database;
  readonly landing: LandedBatches;
}

/** Whether any rule is configured. */
export function isRetentionConfigured({ retention }: Pick<Config, 'retention'>): boolean {
  return isReportRetentionConfigured({ retention }) || LAYERS.some((layer) => retention[layer].days !== undefined || Object.keys(retention[layer].classes).length + Object.keys(retention[layer].sources).length > 0);
}

/** Which batches are due by the configuration's rules, and which of them a hold keeps. Reads; changes nothing. */
export async function planRetention(from: RetainFrom, config: Pick<Config, 'retention'>, now: Date): Promise<RetentionPlan> {
  const spans = groupBy(await from.db.all<SpanRow>(await queryText('keeping/batch_spans')), ({ batch_seq }) => batch_seq);
  const classes = groupBy(await from.db.all<{ batch_seq: number; class: string }>(await queryText('keeping/batch_classes')), ({ batch_seq }) => batch_seq);
  const holds = holdsOf(from.landing.decisions()).filter(({ released }) => released === null);
  const today = Math.floor(now.getTime() / DAY_MS) * DAY_MS;
  const due: DueBatch[] = [];
  const held: { batch: DueBatch; hold: Hold }[] = [];
  for (const line of from.landing.batches()) {
    const removal = from.landing.removals.of(line.seq);
    if (removal?.landed?.now === null) continue;
    const rows = spans.get(line.seq) ?? removedRows(from.landing, line.seq);
    for (const layer of LAYERS) {
      if (layer === 'database' && removal?.isLeftOut === true) continue;
      const days = daysOf(config.retention, layer, line.source, (classes.get(line.seq) ?? []).map((row) => row.class), removal?.isLeftOut === true);
      const lastAt = latest(rows.map(({ last_at }) => last_at)) ?? line.landed_at;
      if (days === undefined || Date.parse(lastAt) >= today - days * DAY_MS) continue;
      const batch: DueBatch = { line, layer, days, firstAt: earliest(rows.map(({ first_at }) => first_at)) ?? line.landed_at, lastAt, spans: removedSpans(rows) };
      const hold = holds.find((one) => isHeld(from.landing, one, line, rows));
      if (hold) held.push({ batch, hold });
      else due.push(batch);
      // What goes from landing goes from the database with it.
      break;
    }
  }
  return { due, held };
}

/**
 * Removes what is due, after a line in the journal. The database still holds it until it is made again: open it for writing, stage and publish.
 * @throws WhoranError where a batch that is to be removed is altered: then nothing of it can be attested, and nothing is removed
 */
export async function retain(from: RetainFrom, config: Pick<Config, 'retention'>, options: RetainOptions): Promise<Retained> {
  const { now, by, isDryRun = false, progress = (): void => undefined } = options;
  const reports = await retainReports(from.dataDir, () => from.landing.decisions(), config, options);
  const plan = await planRetention(from, config, now);
  const layers = LAYERS.map((layer) => layerOf(layer, plan.due.filter((one) => one.layer === layer))).filter(({ batches }) => batches > 0);
  const holds = groupBy(plan.held, ({ hold }) => hold.id);
  const held = [...holds].map(([hold, batches]) => ({ hold, batches: batches.length }));
  const result = { schema: 'whoran.retention/1' as const, at: now.toISOString(), by, is_dry_run: isDryRun, layers, held, reports };
  if (isDryRun || plan.due.length === 0) return { ...result, journal_seq: null };
  const [decision] = await appendToJournal(from.dataDir, now.toISOString(), () => [{
    by, action: REMOVAL_ACTIONS.retention, subject: 'landing', reason: 'retention',
    detail: {
      rules: JSON.stringify({ landed: config.retention.landed, database: config.retention.database }), held_batches: plan.held.length, removals_before: from.landing.removals.lastSeq,
      ...Object.fromEntries<string | number | null>(layers.flatMap((one): [string, string | number | null][] => [[`${one.layer}_batches`, one.batches], [`${one.layer}_bytes`, one.bytes], [`${one.layer}_first_at`, one.first_at], [`${one.layer}_last_at`, one.last_at]])),
    },
  }], options.sleep);
  const journalSeq = decision?.seq ?? 0;
  for (let at = 0; at < plan.due.length; at += AT_ONCE) {
    progress(`removing batch ${at + 1} of ${plan.due.length}`);
    const removals = plan.due.slice(at, at + AT_ONCE).map((batch) => removalOf(from.landing, batch, journalSeq, now));
    await remove(from.landing.folder, from.landing.removals, removals);
  }
  return { ...result, journal_seq: journalSeq };
}

/** What is noted of a batch before it goes: read once more, checked against the ledger, every record hashed. */
function removalOf(landing: LandedBatches, { line, layer, spans }: DueBatch, journalSeq: number, now: Date): RemovalWithLeaves {
  const before = landing.removals.of(line.seq)?.landed;
  const common = { at: now.toISOString(), cause: 'retention' as const, journal_seq: journalSeq, layer, batch: line.seq, batch_sha256: line.sha256, spans };
  if (layer === 'database') return { removal: { ...common, records: null, record_root: null, now: null, records_removed: null }, leaves: null };
  const leaves = before ? leavesOf(landing, line.seq) : hashesOf(landing, line);
  const tree = leaves === null ? null : treeOf(leaves);
  const records = leaves === null ? null : leaves.length / HASH_BYTES;
  return { removal: { ...common, records, record_root: tree?.root.toString('hex') ?? null, now: null, records_removed: records }, leaves };
}

/** The hashes that an erasure kept of the batch as it was delivered. */
function leavesOf(landing: LandedBatches, batch: number): Buffer | null {
  try {
    return readFileSync(leavesPath(landing.folder, batch));
  } catch {
    return null;
  }
}

/** Every record's hash; null where the batch doesn't unpack, and so never gave any. */
function hashesOf(landing: LandedBatches, line: LedgerLine): Buffer | null {
  try {
    return batchRecords(landing, line, new Set()).hashes;
  } catch (error) {
    if (error instanceof GunzipError) return null;
    throw error;
  }
}

function daysOf(retention: RetentionConfig, layer: Layer, source: string, classes: readonly string[], isLeftOut: boolean): number | undefined {
  const { days, classes: byClass, sources } = retention[layer];
  // Its classes were in the database that it has left; what may be left out is of classes that age.
  const known = isLeftOut && classes.length === 0 ? RETENTION_CLASSES.filter((one) => byClass[one] !== undefined) : classes.filter((one) => one !== 'unread');
  if (known.some((one) => !isAgeing(one)) || (classes.length === 0 && !isLeftOut)) return undefined;
  if (sources[source] !== undefined) return sources[source];
  const each = known.filter(isAgeing).map((one) => byClass[one] ?? days);
  if (each.length === 0) return days;
  return each.every((one) => one !== undefined) ? Math.max(...each, ...(isLeftOut && classes.length === 0 && days !== undefined ? [days] : [])) : undefined;
}

function isAgeing(one: string): one is RetentionClass {
  return (RETENTION_CLASSES as readonly string[]).includes(one);
}

function layerOf(layer: Layer, batches: readonly DueBatch[]): RetainedLayer {
  const bySource: Record<string, number> = {};
  for (const { line } of batches) bySource[line.source] = (bySource[line.source] ?? 0) + 1;
  return {
    layer, batches: batches.length, bytes: layer === 'landed' ? batches.reduce((sum, { line }) => sum + line.bytes, 0) : 0, by_source: bySource,
    first_at: earliest(batches.map(({ firstAt }) => firstAt)) ?? null, last_at: latest(batches.map(({ lastAt }) => lastAt)) ?? null,
  };
}
