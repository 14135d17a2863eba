/**
 * Trying a channel: one message that says so, and lines about it in landing's `alerts.jsonl`. It is about no finding, is never tried
 * again, and counts among nobody's messages.
 */
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Alert } from '../alerts/alert.ts';
import { ChannelError, type Channel, type Receipt } from '../alerts/channel.ts';
import { deadlineOf } from '../core/deadline.ts';
import { openAlertLog, type AlertEntry } from '../landing/alert-log.ts';
import type { SourceEffects } from '../sources/source.ts';
import { WriterBusyError, WriterLock } from '../store/writer-lock.ts';

/** A run that goes on holds the lock; it is waited for a little, not for its whole length. */
const ATTEMPTS = 5;
const WAIT_MS = 200;

export interface ChannelTest {
  readonly dataDir: string;
  readonly channel: Channel;
  readonly timeoutMs: number;
  readonly effects: Pick<SourceEffects, 'now' | 'sleep'>;
  readonly scrub: (text: string) => string;
}

/** What came of it. `unrecorded`: why no line says so, or null. */
export type ChannelTested = { readonly unrecorded: string | null } & ({ readonly receipt: Receipt } | { readonly failure: { readonly message: string; readonly hint: string | undefined } });

/** What a test says. `key`: 64 hex digits. */
export function testAlert(key: string, channel: string, now: Date): Alert {
  return {
    key, group_key: key, notice: 'test', severity: 'low', at: now.toISOString().replace('.000Z', 'Z'), title: `A test of the channel ${channel}: somebody asked whoran to send it; nothing happened`,
    findings: [], findings_total: 0, link: null, digest: null,
  };
}

/** One that can be sent. */
export function newTestAlert(channel: string, now: Date): Alert {
  return testAlert(randomBytes(32).toString('hex'), channel, now);
}

/** Sends a test, and writes down what came of it. @throws what is no ChannelError */
export async function testChannel(test: ChannelTest): Promise<ChannelTested> {
  const { channel, effects, timeoutMs, scrub } = test;
  const at = effects.now().toISOString();
  const alert = newTestAlert(channel.id, effects.now());
  const began: AlertEntry[] = [
    { kind: 'planned', at, key: alert.key, channel: channel.id, notice: 'test', group_key: alert.key, finding_ids: [], openings: [] },
    { kind: 'sending', at, key: alert.key, attempt: 1 },
  ];
  const ended = (): string => effects.now().toISOString();
  const deadline = deadlineOf(timeoutMs);
  try {
    const receipt = await channel.send(alert, { signal: deadline.signal, now: effects.now, attempt: 1 });
    return { receipt, unrecorded: await record(test, [...began, { kind: 'sent', at: ended(), key: alert.key, attempt: 1, receipt: receipt.id }]) };
  } catch (error) {
    if (!(error instanceof ChannelError)) throw error;
    const message = scrub(error.message);
    const unrecorded = await record(test, [...began, { kind: 'failed', at: ended(), key: alert.key, attempt: 1, message, retry_at: null }]);
    return { failure: { message, hint: error.hint === undefined ? undefined : scrub(error.hint) }, unrecorded };
  } finally {
    deadline.end();
  }
}

/** Takes the lock for a moment and appends. Returns why it couldn't, or null. */
async function record({ dataDir, effects }: ChannelTest, lines: readonly AlertEntry[]): Promise<string | null> {
  if (!existsSync(join(dataDir, 'landing'))) return `there is no data in ${dataDir} yet`;
  for (let attempt = 1; ; attempt += 1) {
    try {
      const lock = await WriterLock.acquire(dataDir);
      try {
        const log = openAlertLog(dataDir);
        log.append(lines);
        log.close();
        return null;
      } finally {
        lock.release();
      }
    } catch (error) {
      if (!(error instanceof WriterBusyError) || attempt === ATTEMPTS) return error instanceof Error ? error.message : String(error);
      await effects.sleep(WAIT_MS, new AbortController().signal);
    }
  }
}
