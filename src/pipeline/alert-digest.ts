/**
 * The day's summary: when it is due, and what it says.
 */
import { hash } from 'node:crypto';
import type { Alert, AlertDigest } from '../alerts/alert.ts';
import { channelRecords } from '../answers/channels.ts';
import { landedSources } from '../answers/sources.ts';
import type { Config } from '../config/config.ts';
import { rfc3339 } from '../core/times.ts';
import type { Database } from '../engine/database.ts';
import { queryText } from '../engine/query-file.ts';
import { minuteOf, wallClock } from './alert-quiet.ts';
import type { HeldBack } from './alert-plan.ts';

const DAY_MS = 86_400_000;

/** A digest that is due on a channel. One that no run was there for is sent by the next one, once. */
export interface DueDigest {
  readonly alert_key: string;
  readonly channel: string;
  readonly group_key: string;
}

/** One that is planned: its day ends then, whenever it is taken. */
export interface PlannedDigest extends DueDigest {
  readonly plannedAt: Date;
}

const sha256 = (...parts: readonly string[]): string => hash('sha256', parts.join('\n'), 'hex');

/** The digests of the wall clock's day that are due, whether or not they were sent: the record of messages says that. */
export function digestsDue({ alerts }: Pick<Config, 'alerts'>, now: Date): DueDigest[] {
  if (!alerts.digest) return [];
  const { at, time_zone: zone, channels } = alerts.digest;
  const { date, minute } = wallClock(now, zone);
  const day = minute >= minuteOf(at) ? date : dayBefore(date);
  return channels.map((channel) => ({ channel, alert_key: sha256('digest', channel, day), group_key: sha256('digest', channel) }));
}

/** The calendar's day before `2026-01-15`. An instant 24 hours ago is on the same day, or two days ago, where the clocks changed. */
function dayBefore(date: string): string {
  return new Date(Date.parse(`${date}T00:00:00Z`) - DAY_MS).toISOString().slice(0, 10);
}

interface Counts {
  readonly low: number;
  readonly medium: number;
  readonly high: number;
  readonly critical: number;
  readonly appeared: number;
  readonly resolved: number;
  readonly provisional: number;
  readonly suppressed: number;
}

/**
 * What changed since the digest before it on this channel, the last 24 hours where there was none; and what stands now. Where one follows
 * the other, nothing is left out between them and nothing is counted twice. `finding_life` and the tables beside it have to be loaded.
 */
export async function composeDigest({ db, dataDir }: { readonly db: Database; readonly dataDir: string }, due: PlannedDigest, held: readonly HeldBack[], { alerts }: Pick<Config, 'alerts'>, now: Date): Promise<Alert> {
  const to = due.plannedAt;
  const before = await db.get<{ planned_at: string | null }>(await queryText('life/digest_before'), { channel: due.channel, to_at: to });
  const last = before?.planned_at ?? null;
  const from = last === null ? new Date(to.getTime() - DAY_MS) : new Date(last);
  const counts = await db.get<Counts>(await queryText('life/digest'), { from_at: from, to_at: to });
  if (!counts) throw new Error('a digest has one row');
  const { low, medium, high, critical, appeared, resolved, provisional, suppressed } = counts;
  const failures = await channelRecords(db, dataDir, now);
  const digest: AlertDigest = {
    from: rfc3339(from), to: rfc3339(to), standing: { low, medium, high, critical }, appeared, resolved, provisional, suppressed,
    held_back: held.map(({ why, findings, channels }) => `${findings} finding${findings === 1 ? '' : 's'} for ${channels.join(', ')}: ${why}`),
    undelivered: failures.flatMap(({ channel, dead, waiting, last_failure: failure }) => (dead === 0 && (waiting === 0 || failure === null) ? [] : [`${channel}: ${dead} given up, ${waiting} waiting${failure === null ? '' : ` (${failure.message})`}`])),
    sources: (await landedSources({ db })).map(({ source, tenant_id: tenant, sign_in_kind: kind, complete_through: through }) => ({
      name: [source, kind, tenant].filter((part) => part !== null).join(' '), complete_through: through, note: through === null ? 'nothing landed' : null,
    })),
  };
  const total = low + medium + high + critical;
  return {
    key: due.alert_key, group_key: due.group_key, notice: 'digest', severity: 'low', at: rfc3339(now),
    title: `${total === 0 ? 'No finding stands' : `${total} finding${total === 1 ? '' : 's'} stand${total === 1 ? 's' : ''}`}; ${appeared} new and ${resolved} over ${last === null ? 'in 24 hours (no digest was sent before)' : `since the digest of ${rfc3339(from)}`}`,
    findings: [], findings_total: 0, link: alerts.link ?? null, digest,
  };
}
