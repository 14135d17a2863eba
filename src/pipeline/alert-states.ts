/**
 * How each configured channel stands, by the record of messages.
 */
import { channelRecords, type ChannelRecord } from '../answers/channels.ts';
import type { Config } from '../config/config.ts';
import { Database } from '../engine/database.ts';
import type { ConfiguredChannels } from './alert-channels.ts';

export interface ChannelState extends ChannelRecord {
  readonly type: string;
  readonly enabled: boolean;
  /** Where it sends to; null where it could not be made. */
  readonly target: string | null;
  /** Why it could not be made. */
  readonly fault: string | null;
  /** Routes that name it, counted from 1 as in the file. */
  readonly routes: readonly number[];
}

/** In the order of the configuration. Before anything is planned, nothing was sent. */
export async function channelStates(dataDir: string, { alerts }: Pick<Config, 'alerts'>, made: ConfiguredChannels, now: Date): Promise<ChannelState[]> {
  const db = await Database.open({ path: ':memory:' });
  const records = await channelRecords(db, dataDir, now).finally(() => { db.close(); });
  const nothing = { sent: 0, waiting: 0, dead: 0, last_sent_at: null, last_failure: null, left_alone_until: null, last_test: null };
  return alerts.channels.map(({ id, type, enabled }) => ({
    ...(records.find(({ channel }) => channel === id) ?? { channel: id, ...nothing }),
    type, enabled, target: made.channels.find((channel) => channel.id === id)?.target ?? null, fault: made.unmade.find((one) => one.id === id)?.message ?? null,
    routes: alerts.routes.flatMap(({ channels }, index) => (channels.includes(id) ? [index + 1] : [])),
  }));
}
