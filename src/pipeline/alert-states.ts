/**
 * How each configured channel stands, by the record of messages.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Config } from '../config/config.ts';
import { queryText } from '../engine/query-file.ts';
import { loadFindingLife } from '../answers/finding-life.ts';
import { openReader } from '../store/reader.ts';
import type { ConfiguredChannels } from './alert-channels.ts';

export interface ChannelState {
  readonly channel: string;
  readonly type: string;
  readonly enabled: boolean;
  /** Where it sends to; null where it could not be made. */
  readonly target: string | null;
  /** Why it could not be made. */
  readonly fault: string | null;
  /** Routes that name it, counted from 1 as in the file. */
  readonly routes: readonly number[];
  readonly sent: number;
  readonly pending: number;
  readonly dead: number;
  readonly last_sent_at: string | null;
  readonly last_failure: string | null;
}

interface Counts {
  readonly channel: string;
  readonly sent: number;
  readonly pending: number;
  readonly dead: number;
  readonly last_sent_at: string | null;
  readonly last_failure: string | null;
}

/** In the order of the configuration. Before anything is published, nothing was sent. */
export async function channelStates(dataDir: string, { alerts }: Pick<Config, 'alerts'>, made: ConfiguredChannels): Promise<ChannelState[]> {
  const counts = new Map((await countsOf(dataDir)).map((row) => [row.channel, row]));
  return alerts.channels.map(({ id, type, enabled }) => {
    const row = counts.get(id);
    return {
      channel: id, type, enabled, target: made.channels.find((channel) => channel.id === id)?.target ?? null, fault: made.unmade.find((one) => one.id === id)?.message ?? null,
      routes: alerts.routes.flatMap(({ channels }, index) => (channels.includes(id) ? [index + 1] : [])),
      sent: row?.sent ?? 0, pending: row?.pending ?? 0, dead: row?.dead ?? 0, last_sent_at: row?.last_sent_at ?? null, last_failure: row?.last_failure ?? null,
    };
  });
}

async function countsOf(dataDir: string): Promise<Counts[]> {
  if (!existsSync(join(dataDir, 'landing', 'alerts.jsonl'))) return [];
  const reader = await openReader(dataDir);
  try {
    await loadFindingLife(reader.db, { dataDir, now: new Date() });
    return await reader.db.all<Counts>(await queryText('life/undelivered'));
  } finally {
    reader.close();
  }
}
