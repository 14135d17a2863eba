/**
 * How channels stand by the record of messages: what each was sent, what waits, what was given up. Tests of a channel count for nothing of it.
 */
import { existsSync } from 'node:fs';
import type { Database } from '../engine/database.ts';
import { queryText } from '../engine/query-file.ts';
import { alertLogPath } from '../landing/alert-log.ts';
import { lastWholeSeq } from '../landing/chain-log.ts';

/** Times are RFC 3339 UTC. */
export interface ChannelRecord {
  readonly channel: string;
  /** Messages that it took. */
  readonly sent: number;
  /** Messages on their way: their turn has not come, or they failed and are tried again. */
  readonly waiting: number;
  readonly dead: number;
  readonly last_sent_at: string | null;
  /** Of a message that it has not taken since. */
  readonly last_failure: {
    readonly at: string;
    /** `unreachable`: nothing gets there, and it is left alone for a while; `transient`: the same may succeed later; `refused`: somebody has to change something. */
    readonly error_class: 'unreachable' | 'transient' | 'refused';
    readonly message: string;
  } | null;
  /** Nothing is sent to it before then; null where it is not left alone now. */
  readonly left_alone_until: string | null;
  readonly last_test: { readonly at: string; readonly sent: boolean } | null;
}

interface Row {
  readonly channel: string;
  readonly sent: number;
  readonly waiting: number;
  readonly dead: number;
  readonly last_sent_at: string | null;
  readonly last_failure_at: string | null;
  readonly failure_class: 'unreachable' | 'transient' | 'refused' | null;
  readonly last_failure: string | null;
  readonly rests_until: string | null;
  readonly last_test_at: string | null;
  readonly was_test_sent: boolean | null;
}

/** Every channel that a message was ever planned for, by id. Reads landing's log alone: any database will do. */
export async function channelRecords(db: Database, dataDir: string, now: Date): Promise<ChannelRecord[]> {
  const path = alertLogPath(dataDir);
  if (!existsSync(path)) return [];
  const rows = await db.all<Row>(await queryText('life/channels'), { path, last_seq: lastWholeSeq(path) });
  return rows.map(({ last_failure_at: at, failure_class: error, last_failure: message, rests_until: until, last_test_at: tested, was_test_sent: isSent, ...counts }) => ({
    channel: counts.channel, sent: counts.sent, waiting: counts.waiting, dead: counts.dead, last_sent_at: counts.last_sent_at,
    last_failure: at === null ? null : { at, error_class: error ?? 'transient', message: message ?? '' },
    left_alone_until: until !== null && new Date(until) > now ? until : null,
    last_test: tested === null ? null : { at: tested, sent: isSent ?? false },
  }));
}
