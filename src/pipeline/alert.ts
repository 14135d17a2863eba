/**
 * The alert phase: records how findings changed, plans what is told to whom, and hands it over. Works on the last publication, so that
 * whoever reads a message finds the same.
 */
import type { Alert } from '../alerts/alert.ts';
import type { Channel, RenderedMessage } from '../alerts/channel.ts';
import { loadFindingLife } from '../answers/finding-life.ts';
import type { FindingsReader } from '../answers/findings.ts';
import { loadCatalog } from '../catalog/catalog.ts';
import type { Config } from '../config/config.ts';
import { queryText } from '../engine/query-file.ts';
import { openAlertLog, type AlertEntry, type FindingChanged } from '../landing/alert-log.ts';
import type { SourceEffects } from '../sources/source.ts';
import { openReader } from '../store/reader.ts';
import { composeAlert } from './alert-compose.ts';
import { composeDigest, digestsDue } from './alert-digest.ts';
import { dispatch, type ChannelOutcome, type Outgoing } from './alert-dispatch.ts';
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

/** A message as `--dry-run` shows it. */
export interface Preview {
  readonly channel: string;
  readonly target: string;
  readonly alert: Alert;
  readonly message: RenderedMessage;
}

interface Unsent extends Omit<DueNotice, 'notice'> {
  readonly notice: DueNotice['notice'] | 'digest' | 'test';
  readonly planned_at: string;
  readonly attempts: number;
  readonly retry_at: string | null;
}

/**
 * Runs the phase once. The caller holds the data folder's lock. What a channel does is in the result, never thrown.
 * @throws where the log can't be written, or the publication can't be read
 */
export async function sendAlerts(phase: AlertPhase): Promise<AlertsResult> {
  const { dataDir, config, effects } = phase;
  const now = effects.now();
  const reader = await openReader(dataDir);
  const log = openAlertLog(dataDir);
  try {
    const answers = answersOf(reader, dataDir);
    await loadFindingLife(reader.db, { dataDir, now });
    const changes = await recordFindingChanges(reader.db, { log, now, runId: phase.runId, provisionalAfterMinutes: config.alerts.provisional_after_minutes });
    const { due, held, catalog } = await planned(phase, answers, now);
    const digests = digestsDue(config, now).filter(({ channel }) => phase.channels.some(({ id, notices }) => id === channel && notices.includes('digest')));
    const known = new Set((await reader.db.all<{ alert_key: string }>('select alert_key from life_messages')).map(({ alert_key }) => alert_key));
    const lines: AlertEntry[] = [
      ...due.map(({ alert_key: key, channel, notice, group_key, finding_ids, openings }): AlertEntry => ({ kind: 'planned', at: now.toISOString(), key, channel, notice, group_key, finding_ids, openings })),
      ...digests.filter(({ alert_key: key }) => !known.has(key)).map(({ alert_key: key, channel, group_key }): AlertEntry => ({ kind: 'planned', at: now.toISOString(), key, channel, notice: 'digest', group_key, finding_ids: [], openings: [] })),
    ];
    if (lines.length > 0) log.append(lines);
    await loadFindingLife(reader.db, { dataDir, now });
    const unsent = await reader.db.all<Unsent>(await queryText('life/unsent'));
    // One connection answers one question at a time.
    let turn: Promise<unknown> = Promise.resolve();
    const inTurn = async <Result>(work: () => Promise<Result>): Promise<Result> => {
      const mine = turn.then(work);
      turn = mine.catch(() => undefined);
      return mine;
    };
    const isWaiting = ({ retry_at: at }: Unsent): boolean => at !== null && new Date(at) > now;
    // A group's later messages wait for its earlier ones.
    const blocked = new Set(unsent.filter(isWaiting).map(({ channel, group_key }) => `${channel} ${group_key}`));
    const outgoing = (channel: string): Outgoing[] => unsent
      .filter((one) => one.channel === channel && !blocked.has(`${channel} ${one.group_key}`))
      .map((one) => ({
        key: one.alert_key, channel, group: one.group_key, attempts: one.attempts, plannedAt: new Date(one.planned_at),
        compose: async () => inTurn(async () => {
          if (one.notice === 'digest') return composeDigest(reader.db, one, held, config, now);
          if (one.notice === 'test') return testAlert(one.alert_key, one.channel, now);
          return composeAlert({ reader: answers, catalog, config, now }, { ...one, notice: one.notice });
        }),
      }));
    const outcomes = await Promise.all(phase.channels.map(async (channel) => dispatch(channel, outgoing(channel.id), { log, effects, signal: phase.signal, scrub: phase.scrub, giveUpAfterHours: config.alerts.give_up_after_hours, limits: limitsOf(config) })));
    const waiting = (channel: string): number => unsent.filter((one) => one.channel === channel && blocked.has(`${channel} ${one.group_key}`)).length;
    const channels = [...outcomes.map((outcome) => ({ ...outcome, pending: outcome.pending + waiting(outcome.channel) })), ...orphans(phase, unsent, log, now)];
    const sum = (of: (outcome: ChannelOutcome) => number): number => channels.reduce((total, outcome) => total + of(outcome), 0);
    return { schema: 'whoran.alerts/1', changes, sent: sum(({ sent }) => sent), pending: sum(({ pending }) => pending), dead: sum(({ dead }) => dead), held, channels };
  } finally {
    log.close();
    reader.close();
  }
}

/** Messages to channels that are no longer configured, or off, or unmade: they wait, and are given up like others. */
function orphans({ config, channels }: AlertPhase, unsent: readonly Unsent[], log: ReturnType<typeof openAlertLog>, now: Date): ChannelOutcome[] {
  const lost = unsent.filter((one) => !channels.some(({ id }) => id === one.channel));
  const oldest = now.getTime() - config.alerts.give_up_after_hours * 3_600_000;
  const dead = lost.filter((one) => Date.parse(one.planned_at) <= oldest);
  const lines = dead.map((one): AlertEntry => ({ kind: 'failed', at: now.toISOString(), key: one.alert_key, attempt: one.attempts + 1, message: 'its channel is not configured any more, is turned off, or could not be made', retry_at: null }));
  if (lines.length > 0) log.append(lines);
  return [...new Set(lost.map(({ channel }) => channel))].map((channel) => {
    const given = dead.filter((one) => one.channel === channel).length;
    return { channel, sent: 0, pending: lost.filter((one) => one.channel === channel).length - given, dead: given, failure: null };
  });
}

/** What `sendAlerts` would send now, rendered; nothing is recorded, and no lock is needed. */
export async function previewAlerts(phase: Omit<AlertPhase, 'signal' | 'scrub' | 'runId'>): Promise<{ readonly previews: readonly Preview[]; readonly held: readonly HeldBack[] }> {
  const { dataDir, config, effects } = phase;
  const now = effects.now();
  const reader = await openReader(dataDir);
  try {
    const answers = answersOf(reader, dataDir);
    await loadFindingLife(reader.db, { dataDir, now });
    const { due, held, catalog } = await planned(phase, answers, now);
    const previews: Preview[] = [];
    for (const one of due) {
      const channel = phase.channels.find(({ id }) => id === one.channel);
      if (!channel) continue;
      const alert = await composeAlert({ reader: answers, catalog, config, now }, one);
      previews.push({ channel: channel.id, target: channel.target, alert, message: await channel.render(alert) });
    }
    return { previews, held };
  } finally {
    reader.close();
  }
}

async function planned({ config, channels, dataDir }: Pick<AlertPhase, 'config' | 'channels' | 'dataDir'>, answers: FindingsReader, now: Date): Promise<{ due: readonly DueNotice[]; held: readonly HeldBack[]; catalog: Awaited<ReturnType<typeof loadCatalog>> }> {
  const catalog = await loadCatalog();
  await loadFindingLife(answers.db, { dataDir, now });
  const { due, held } = await planAlerts(answers.db, config, catalog, channels, now);
  return { due, held, catalog };
}

function answersOf(reader: Awaited<ReturnType<typeof openReader>>, dataDir: string): FindingsReader {
  return { db: reader.db, dataDir, landing: { readMember: async (batchSeq, member) => Promise.resolve(reader.landing.unpackMember(batchSeq, member)) } };
}

function limitsOf({ alerts }: Pick<Config, 'alerts'>): ReadonlyMap<string, { timeoutMs: number; ratePerMinute: number }> {
  return new Map(alerts.channels.map(({ id, timeout_seconds: seconds, rate_per_minute: ratePerMinute }) => [id, { timeoutMs: seconds * 1000, ratePerMinute }]));
}

/** What `alerts test` sends. */
export function testAlert(key: string, channel: string, now: Date): Alert {
  return {
    key, group_key: key, notice: 'test', severity: 'low', at: now.toISOString().replace('.000Z', 'Z'), title: `A test of the channel ${channel}: somebody asked whoran to send it; nothing happened`,
    findings: [], findings_total: 0, link: null, digest: null,
  };
}
