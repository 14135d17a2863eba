/**
 * The alert phase: records how findings changed, plans what is told to whom, and hands it over. Works on the last publication, so that
 * whoever reads a message finds the same.
 */
import { existsSync } from 'node:fs';
import type { Channel } from '../alerts/channel.ts';
import { loadFindingLife } from '../answers/finding-life.ts';
import type { FindingsReader } from '../answers/findings.ts';
import { loadDetections, type DetectionCatalog } from '../catalog/catalog.ts';
import type { Config } from '../config/config.ts';
import { queryText } from '../engine/query-file.ts';
import { alertLogPath, openAlertLog, type AlertEntry, type AlertLine, type FindingChanged } from '../landing/alert-log.ts';
import { lastWholeSeq, type ChainLog } from '../landing/chain-log.ts';
import type { RunAlerts } from '../landing/run-log.ts';
import type { SourceEffects } from '../sources/source.ts';
import { openReader } from '../store/reader.ts';
import { Composer, type PlannedMessage } from './alert-composer.ts';
import { digestsDue } from './alert-digest.ts';
import { dispatch, type ChannelOutcome, type ChannelRest, type Outgoing } from './alert-dispatch.ts';
import { LONGEST_SENDING_MS } from './alert-pace.ts';
import { planAlerts, type DueNotice, type HeldBack } from './alert-plan.ts';
import { recordFindingChanges } from './finding-changes.ts';

export interface AlertPhase {
  readonly dataDir: string;
  readonly config: Pick<Config, 'alerts'>;
  /** Those that are enabled and could be made. */
  readonly channels: readonly Channel[];
  readonly runId: string | null;
  readonly effects: Pick<SourceEffects, 'now' | 'sleep' | 'random'>;
  readonly signal: AbortSignal;
  readonly scrub: (text: string) => string;
  /** How long may be sent; the rest waits for the next time. Two minutes where it is left out. */
  readonly budgetMs?: number;
}

export interface AlertsResult {
  readonly schema: 'whoran.alerts/1';
  /** How findings changed since the last time, by cause. */
  readonly changes: Readonly<Partial<Record<FindingChanged['cause'], number>>>;
  readonly sent: number;
  readonly pending: number;
  readonly dead: number;
  readonly held: readonly HeldBack[];
  readonly channels: readonly ChannelOutcome[];
}

/** A message of an earlier plan that nobody has taken yet. */
export interface Unsent extends Omit<DueNotice, 'notice'> {
  readonly notice: PlannedMessage['notice'];
  readonly planned_at: string;
  readonly attempts: number;
  readonly retry_at: string | null;
}

/** What is due, with what it rests on. */
export interface Planned {
  /** New messages, digests among them, in the order in which they are written down. */
  readonly due: readonly Omit<PlannedMessage, 'plannedAt'>[];
  readonly held: readonly HeldBack[];
  readonly catalog: DetectionCatalog;
}

/**
 * Runs the phase once. The caller holds the data folder's lock. What a channel does is in the result, never thrown.
 * @throws where the log can't be written, or the publication can't be read
 */
export async function sendAlerts(phase: AlertPhase): Promise<AlertsResult> {
  const { dataDir, config, effects, budgetMs = LONGEST_SENDING_MS } = phase;
  const now = effects.now();
  const startedMs = now.getTime();
  const reader = await openReader(dataDir);
  const log = openAlertLog(dataDir);
  try {
    const answers = answersOf(reader, dataDir);
    await loadFindingLife(reader.db, { dataDir, now });
    const changes = await recordFindingChanges(reader.db, { log, now, runId: phase.runId, provisionalAfterMinutes: config.alerts.provisional_after_minutes });
    const { due, held, catalog } = await planned(phase, answers, now);
    const lines = due.map(({ alert_key: key, channel, notice, group_key, finding_ids, openings }): AlertEntry => ({ kind: 'planned', at: now.toISOString(), key, channel, notice, group_key, finding_ids, openings }));
    if (lines.length > 0) log.append(lines);
    await loadFindingLife(reader.db, { dataDir, now });
    const { ready, waiting, all } = await unsentMessages(answers, now);
    const composer = new Composer({ reader: answers, catalog, config, now }, ready, held);
    const outgoing = (channel: string): Outgoing[] => ready
      .filter((one) => one.channel === channel)
      .map((one) => ({ key: one.alert_key, channel, group: one.group_key, attempts: one.attempts, plannedAt: one.plannedAt, compose: async () => composer.compose(one) }));
    const options = {
      log, effects, signal: phase.signal, scrub: phase.scrub, giveUpAfterHours: config.alerts.give_up_after_hours, limits: limitsOf(config),
      rests: await channelRests(answers, dataDir), budgetMs: Math.max(0, budgetMs - (effects.now().getTime() - startedMs)),
    };
    const outcomes = await Promise.all(phase.channels.map(async (channel) => dispatch(channel, outgoing(channel.id), options)));
    const later = (channel: string): number => waiting.filter((one) => one.channel === channel).length;
    const channels = [...outcomes.map((outcome) => ({ ...outcome, pending: outcome.pending + later(outcome.channel) })), ...orphans(phase, all, log, now)];
    const sum = (of: (outcome: ChannelOutcome) => number): number => channels.reduce((total, outcome) => total + of(outcome), 0);
    return { schema: 'whoran.alerts/1', changes, sent: sum(({ sent }) => sent), pending: sum(({ pending }) => pending), dead: sum(({ dead }) => dead), held, channels };
  } finally {
    log.close();
    reader.close();
  }
}

/** What the record of a run keeps of it: failures are kept beside it. */
export function runAlerts({ sent, pending, dead, held, channels }: AlertsResult): RunAlerts {
  return { sent, pending, dead, held, channels: channels.map(({ failure: _failure, ...counts }) => counts) };
}

/** Messages to channels that are no longer configured, or off, or unmade: they wait, and are given up like others. */
function orphans({ config, channels }: AlertPhase, unsent: readonly Unsent[], log: ChainLog<AlertLine>, now: Date): ChannelOutcome[] {
  const lost = unsent.filter((one) => !channels.some(({ id }) => id === one.channel));
  const oldest = now.getTime() - config.alerts.give_up_after_hours * 3_600_000;
  const dead = lost.filter((one) => Date.parse(one.planned_at) <= oldest);
  const why = 'its channel is not configured any more, is turned off, or could not be made';
  const lines = dead.map((one): AlertEntry => ({ kind: 'failed', at: now.toISOString(), key: one.alert_key, attempt: one.attempts + 1, message: why, retry_at: null }));
  if (lines.length > 0) log.append(lines);
  return [...new Set(lost.map(({ channel }) => channel))].map((channel) => {
    const given = dead.filter((one) => one.channel === channel).length;
    return { channel, sent: 0, pending: lost.filter((one) => one.channel === channel).length - given, dead: given, failed: 0, failure: null, left_because: why };
  });
}

/**
 * Plans, and records nothing.
 * @param answers `finding_life` need not be loaded yet, and is as of `now` afterwards
 */
export async function planned({ config, channels, dataDir }: Pick<AlertPhase, 'config' | 'channels' | 'dataDir'>, answers: FindingsReader, now: Date): Promise<Planned> {
  const catalog = await loadDetections();
  await loadFindingLife(answers.db, { dataDir, now });
  const { due, held } = await planAlerts(answers.db, config, catalog, channels, now, dataDir);
  const known = new Set((await answers.db.all<{ alert_key: string }>('select alert_key from life_messages')).map(({ alert_key }) => alert_key));
  const digests = digestsDue(config, now).filter(({ channel, alert_key: key }) => !known.has(key) && channels.some(({ id, notices }) => id === channel && notices.includes('digest')));
  return { due: [...due, ...digests.map((digest) => ({ ...digest, notice: 'digest' as const, finding_ids: [], openings: [] }))], held, catalog };
}

/** What is planned and not delivered: `ready` to be tried now, or `waiting` for its time, or behind one of its group that waits. */
export async function unsentMessages({ db }: Pick<FindingsReader, 'db'>, now: Date): Promise<{ readonly ready: readonly (Unsent & PlannedMessage)[]; readonly waiting: readonly (Unsent & PlannedMessage)[]; readonly all: readonly Unsent[] }> {
  const all = await db.all<Unsent>(await queryText('life/unsent'));
  const messages = all.map((one) => ({ ...one, plannedAt: new Date(one.planned_at) }));
  const groupOf = ({ channel, group_key: group }: Unsent): string => `${channel} ${group}`;
  const blocked = new Set(messages.filter(({ retry_at: at }) => at !== null && new Date(at) > now).map(groupOf));
  return { ready: messages.filter((one) => !blocked.has(groupOf(one))), waiting: messages.filter((one) => blocked.has(groupOf(one))), all };
}

/** Channels that earlier runs could not reach, and until when they are left alone. */
export async function channelRests({ db }: Pick<FindingsReader, 'db'>, dataDir: string): Promise<ReadonlyMap<string, ChannelRest>> {
  const path = alertLogPath(dataDir);
  if (!existsSync(path)) return new Map();
  const rows = await db.all<{ channel: string; rest_runs: number | null; rests_until: string | null; rest_message: string | null }>(await queryText('life/channels'), { path, last_seq: lastWholeSeq(path) });
  return new Map(rows.flatMap(({ channel, rest_runs: runs, rests_until: until, rest_message: message }) => (until === null ? [] : [[channel, { until: new Date(until), runs: runs ?? 1, message: message ?? '' }]])));
}

/** The publication as answers read it. */
export function answersOf(reader: Awaited<ReturnType<typeof openReader>>, dataDir: string): FindingsReader & { readonly dataDir: string } {
  return { db: reader.db, dataDir, landing: { readMember: async (batchSeq, member) => Promise.resolve(reader.landing.unpackMember(batchSeq, member)) } };
}

function limitsOf({ alerts }: Pick<Config, 'alerts'>): ReadonlyMap<string, { timeoutMs: number; ratePerMinute: number }> {
  return new Map(alerts.channels.map(({ id, timeout_seconds: seconds, rate_per_minute: ratePerMinute }) => [id, { timeoutMs: seconds * 1000, ratePerMinute }]));
}
