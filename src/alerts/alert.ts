/**
 * What is told about findings, before any service's format. A channel renders it and knows nothing else.
 *
 * Text in here may come from records, so from attackers: a channel makes every value inert in its own format.
 */

/** From least to most severe; the header's severity, or the configuration's in its place. */
export const ALERT_SEVERITIES = ['low', 'medium', 'high', 'critical'] as const;
export type AlertSeverity = (typeof ALERT_SEVERITIES)[number];

/**
 * What is told: a group of findings is new or has grown; it still stands, some time after it was told; somebody acknowledged it; all of
 * it is over; the day's summary; a message that somebody asked for to try the channel.
 */
export const NOTICES = ['fired', 'reminder', 'acknowledged', 'resolved', 'digest', 'test'] as const;
export type Notice = (typeof NOTICES)[number];

const LEADS: Readonly<Record<Notice, string>> = { fired: 'New', reminder: 'Still standing', acknowledged: 'Acknowledged', resolved: 'Over', digest: 'Summary', test: 'Test' };

/**
 * The first word of a message: what happened to its findings. What somebody suppressed is not over: it may well go on.
 * @param findings those that the message shows
 */
export function leadOf(notice: Notice, findings: readonly { readonly status: string }[]): string {
  if (notice !== 'resolved') return LEADS[notice];
  const suppressed = findings.filter(({ status }) => status === 'suppressed').length;
  if (suppressed === 0) return LEADS.resolved;
  return suppressed === findings.length ? 'Suppressed' : 'Over or suppressed';
}

/** Who it was, as `ask` answers for the finding's subject at the time of sending. */
export interface AlertWho {
  /** The answer's one sentence. */
  readonly sentence: string;
  readonly kind: string;
  readonly name: string | null;
  readonly tenant_id: string | null;
  readonly object_id: string | null;
  /** How we know: ATTRIBUTION 3; null where nobody is named. */
  readonly method: string | null;
  /** How sure: proved, asserted, inferred, none. */
  readonly confidence: string;
  readonly how: string | null;
  readonly sign_in_grade: string;
}

/** One finding of an alert. Times are RFC 3339 UTC. */
export interface AlertFinding {
  readonly id: string;
  readonly detection: string;
  /** The detection's title. */
  readonly title: string;
  readonly severity: AlertSeverity;
  readonly status: string;
  readonly occurred_at: string;
  readonly subject: { readonly kind: string; readonly id: string };
  /** What happened, in one sentence. */
  readonly what: string;
  /** Null where the subject is nothing that anybody did (a source). */
  readonly who: AlertWho | null;
  /** What is not known, a sentence each, with until when where that is known. Empty where nothing is missing. */
  readonly not_known: readonly string[];
  /** Up to which time the records that it rests on are complete; null where no source says. */
  readonly as_of: string | null;
  readonly evidence: readonly { readonly source: string; readonly record_id: string; readonly sha256: string }[];
  /** The runbook's first steps, without their numbers. */
  readonly steps: readonly string[];
  /** The command to go on with, quoted for a POSIX shell: `whoran ask '…'`. */
  readonly ask: string;
  readonly controls: readonly string[];
  readonly account_id: string | null;
  /** The team that owns it by the configuration; null where none does. */
  readonly team: string | null;
  /** What ended or changed it, for `acknowledged` and `resolved`: by whom, and why. */
  readonly change: { readonly at: string; readonly by: string; readonly reason: string } | null;
}

/** The day's summary. */
export interface AlertDigest {
  readonly from: string;
  readonly to: string;
  /** Findings that stand now, by severity. */
  readonly standing: Readonly<Record<AlertSeverity, number>>;
  readonly appeared: number;
  readonly resolved: number;
  /** Provisional now: what may still vanish, and is not alerted. */
  readonly provisional: number;
  readonly suppressed: number;
  /** Held back by a silent source, quiet hours or maintenance, a sentence each. */
  readonly held_back: readonly string[];
  /** What could not be delivered, a sentence each. */
  readonly undelivered: readonly string[];
  /** Sources, and how far each is complete: silence is not "nothing found". */
  readonly sources: readonly { readonly name: string; readonly complete_through: string | null; readonly note: string | null }[];
}

export interface Alert {
  /** Idempotency key, 64 hex digits: the same for every attempt to send this one, and for no other. */
  readonly key: string;
  /** The same for every notice about one group of findings on one channel: PagerDuty's `dedup_key`. 64 hex digits. */
  readonly group_key: string;
  readonly notice: Notice;
  /** Of the most severe finding; `low` for a digest or test. */
  readonly severity: AlertSeverity;
  /** When it was composed, RFC 3339 UTC. */
  readonly at: string;
  /** One sentence, for a subject line or a phone's screen. */
  readonly title: string;
  /** The most severe first, at most ten. */
  readonly findings: readonly AlertFinding[];
  /** How many there are in the group. */
  readonly findings_total: number;
  /** Where to read on: `alerts.link` of the configuration; null without it. */
  readonly link: string | null;
  readonly digest: AlertDigest | null;
}
