/**
 * What `alerts send` would do now, rendered: new messages and digests, and those that wait from earlier. Nothing is recorded, and no lock is
 * needed.
 */
import type { Alert } from '../alerts/alert.ts';
import type { RenderedMessage } from '../alerts/channel.ts';
import { openReader } from '../store/reader.ts';
import { answersOf, channelRests, planned, unsentMessages, type AlertPhase, type Unsent } from './alert.ts';
import { Composer, type PlannedMessage } from './alert-composer.ts';
import type { HeldBack } from './alert-plan.ts';

/** A message as `--dry-run` shows it. */
export interface Preview {
  readonly channel: string;
  readonly target: string;
  /** When it was planned, where an earlier run did that; null for what is new. */
  readonly planned_at: string | null;
  /** Attempts so far. */
  readonly attempts: number;
  /** It would not be tried now: its time has not come, one of its group waits, or its channel is left alone. */
  readonly is_waiting: boolean;
  /** Not before then is it tried again, where it failed. */
  readonly retry_at: string | null;
  readonly alert: Alert;
  readonly message: RenderedMessage;
}

export interface Previews {
  readonly previews: readonly Preview[];
  readonly held: readonly HeldBack[];
  /** Messages that wait for a channel which is gone, turned off or could not be made, by channel. */
  readonly orphans: readonly { readonly channel: string; readonly messages: number }[];
}

/** Plans as `sendAlerts` would, and renders. What waits from earlier comes first, as it would be sent. */
export async function previewAlerts(phase: Pick<AlertPhase, 'dataDir' | 'config' | 'channels' | 'effects'>): Promise<Previews> {
  const { dataDir, config, effects } = phase;
  const now = effects.now();
  const reader = await openReader(dataDir);
  try {
    const answers = answersOf(reader, dataDir);
    const { due, held, catalog } = await planned(phase, answers, now);
    const { ready, waiting, all } = await unsentMessages(answers, now);
    const rests = await channelRests(answers, dataDir);
    const groups = new Set(waiting.map(({ channel, group_key: group }) => `${channel} ${group}`));
    const isWaiting = ({ channel, group_key: group }: PlannedMessage): boolean => groups.has(`${channel} ${group}`) || (rests.get(channel)?.until ?? now) > now;
    const earlier = (one: Unsent & PlannedMessage): Item => ({ message: one, planned_at: one.planned_at, attempts: one.attempts, is_waiting: isWaiting(one), retry_at: one.retry_at });
    const items: Item[] = [
      ...[...ready, ...waiting].map(earlier),
      ...due.map((one) => ({ ...one, plannedAt: now })).map((one): Item => ({ message: one, planned_at: null, attempts: 0, is_waiting: isWaiting(one), retry_at: null })),
    ];
    const composer = new Composer({ reader: answers, catalog, config, now }, items.map(({ message }) => message), held);
    const previews: Preview[] = [];
    for (const { message, ...rest } of items) {
      const channel = phase.channels.find(({ id }) => id === message.channel);
      if (!channel) continue;
      const alert = await composer.compose(message);
      previews.push({ channel: channel.id, target: channel.target, ...rest, alert, message: await channel.render(alert) });
    }
    const lost = all.filter(({ channel }) => !phase.channels.some(({ id }) => id === channel));
    const orphans = [...new Set(lost.map(({ channel }) => channel))].map((channel) => ({ channel, messages: lost.filter((one) => one.channel === channel).length }));
    return { previews, held, orphans };
  } finally {
    reader.close();
  }
}

interface Item extends Pick<Preview, 'planned_at' | 'attempts' | 'is_waiting' | 'retry_at'> {
  readonly message: PlannedMessage;
}
