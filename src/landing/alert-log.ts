/**
 * What whoran did about findings: `landing/alerts.jsonl`, a chained line each. A finding's life as runs saw it, and every message
 * on its way to somebody. What people decide stands in `landing/journal.jsonl`.
 *
 * Appended under the data folder's lock, read by anybody. Holds no secret: errors come in scrubbed.
 */
import { join } from 'node:path';
import { ChainLog, chainLines, type ChainedLine } from './chain-log.ts';

/** A finding as it was, so that it can be shown when it is in no projection any more. Times are RFC 3339 UTC. */
export interface FindingSnapshot {
  readonly severity: string;
  readonly occurred_at: string;
  readonly subject_kind: string;
  readonly subject_id: string;
  readonly summary: string;
  readonly reason: string | null;
  readonly dedup_key: string;
  readonly controls: readonly string[];
  readonly query_sha256: string;
}

/**
 * A finding's status changed from one run to the next, by itself. `to`: where it stands now; `cause`: `found` for the first time;
 * `settled`: it was provisional, and no record that may come can end it any more; `unsettled`: it is provisional again (a source turned out to be less complete); `gone`: its condition holds no longer (a late
 * record came, the query or the configuration changed); `found_again` after it was gone; `evidence_added`: somebody had resolved it, and
 * records show it that did not then.
 */
export interface FindingChanged {
  readonly kind: 'finding';
  readonly at: string;
  readonly run_id: string | null;
  readonly finding_id: string;
  readonly detection: string;
  readonly to: 'provisional' | 'open' | 'resolved';
  readonly cause: 'found' | 'settled' | 'unsettled' | 'gone' | 'found_again' | 'evidence_added';
  /** Over its evidence's record ids, in order: lower-case hex SHA-256. */
  readonly evidence_sha256: string;
  /** Left out where `to` is `resolved`: the last one that is there holds. */
  readonly snapshot: FindingSnapshot | null;
}

/** What a message is about, and to whom: written before it is sent for the first time. */
export interface AlertPlanned {
  readonly kind: 'planned';
  readonly at: string;
  /** The alert's idempotency key. */
  readonly key: string;
  readonly channel: string;
  readonly notice: string;
  readonly group_key: string;
  /** Every finding of it, also those that the message only counts. Empty for a digest or test. */
  readonly finding_ids: readonly string[];
  /** In which opening of each finding: counts from 1, in the order of `finding_ids`. Told once an opening. */
  readonly openings: readonly number[];
}

/** An attempt begins: without a line after it, nobody knows whether the service has the message. */
export interface AlertSending {
  readonly kind: 'sending';
  readonly at: string;
  readonly key: string;
  /** Counts from 1. */
  readonly attempt: number;
}

export interface AlertSent {
  readonly kind: 'sent';
  readonly at: string;
  readonly key: string;
  readonly attempt: number;
  /** The service's own id of the message, where it gives one. */
  readonly receipt: string | null;
}

export interface AlertFailed {
  readonly kind: 'failed';
  readonly at: string;
  readonly key: string;
  readonly attempt: number;
  readonly message: string;
  /** Not before then is it tried again; null: it is given up, and that is a finding (`alert_undeliverable`). */
  readonly retry_at: string | null;
  /** Whether the same may succeed later; else somebody has to change something first. Left out by older versions. */
  readonly is_transient?: boolean;
  /** The channel as a whole could not be reached, or asks to be left alone: nothing is sent to it before then. */
  readonly channel_retry_at?: string;
}

export type AlertEntry = FindingChanged | AlertPlanned | AlertSending | AlertSent | AlertFailed;
export type AlertLine = ChainedLine & AlertEntry;

export function alertLogPath(dataDir: string): string {
  return join(dataDir, 'landing', 'alerts.jsonl');
}

/** Opens or makes the log. The caller holds the data folder's lock, and `landing/` is there. */
export function openAlertLog(dataDir: string): ChainLog<AlertLine> {
  return ChainLog.open<AlertLine>(alertLogPath(dataDir));
}

/** The lines above `after`, oldest first. Safe beside a running run. */
export function alertLines(dataDir: string, after = 0): Generator<AlertLine> {
  return chainLines<AlertLine>(alertLogPath(dataDir), after);
}
