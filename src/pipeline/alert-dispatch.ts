/**
 * Handing alerts to channels: at least once, with a line in landing's `alerts.jsonl` before and after each attempt. Whoever crashes between
 * the two sends the same key again.
 */
import type { Alert } from '../alerts/alert.ts';
import { ChannelError, type Channel } from '../alerts/channel.ts';
import { deadlineOf } from '../core/deadline.ts';
import type { AlertEntry, AlertLine } from '../landing/alert-log.ts';
import type { ChainLog } from '../landing/chain-log.ts';
import type { SourceEffects } from '../sources/source.ts';

/** Attempts within one run, so that a hiccup costs no whole run's wait. */
const ATTEMPTS_A_RUN = 3;
/** How long a run waits for one channel in all before the rest is left to the next. */
const PATIENCE_MS = 30_000;
const FIRST_WAIT_MS = 1000;
/** Between runs: doubles from the first to the second. What only a person can mend is tried at the slow pace from the start. */
const RETRY_MS = 60_000;
const SLOWEST_RETRY_MS = 30 * 60_000;
const LONGEST_RETRY_AFTER_MS = 60 * 60_000;

/** A message to send: new, or left over from an earlier run. */
export interface Outgoing {
  readonly key: string;
  readonly channel: string;
  /** Messages of one group go in order: what is over is never told before that it began. */
  readonly group: string;
  /** Attempts before this run. */
  readonly attempts: number;
  readonly plannedAt: Date;
  /** Composed only when its turn comes. */
  readonly compose: () => Promise<Alert>;
}

export interface DispatchOptions {
  readonly log: Pick<ChainLog<AlertLine>, 'append'>;
  readonly effects: Pick<SourceEffects, 'now' | 'sleep' | 'random'>;
  readonly signal: AbortSignal;
  readonly scrub: (text: string) => string;
  readonly giveUpAfterHours: number;
  /** By channel id. */
  readonly limits: ReadonlyMap<string, { readonly timeoutMs: number; readonly ratePerMinute: number }>;
}

/** What became of one channel's messages. */
export interface ChannelOutcome {
  readonly channel: string;
  readonly sent: number;
  /** Left to a later run. */
  readonly pending: number;
  /** Given up. */
  readonly dead: number;
  /** What the last failed attempt met with; null where none failed. */
  readonly failure: { readonly message: string; readonly hint: string | null } | null;
}

/**
 * Sends a channel's messages in order. One that isn't taken doesn't stop those after it, but where the service can't be reached, or asks
 * to be left alone for longer than a run waits, all the rest is left to the next run.
 */
export async function dispatch(channel: Channel, outgoing: readonly Outgoing[], options: DispatchOptions): Promise<ChannelOutcome> {
  return new Dispatch(channel, options).run(outgoing);
}

class Dispatch {
  readonly #channel: Channel;
  readonly #options: DispatchOptions;
  readonly #startedMs: number;
  #sent = 0;
  #dead = 0;
  #failure: ChannelOutcome['failure'] = null;
  #nextSendMs = 0;
  #leaveAloneUntilMs = 0;
  readonly #waitingGroups = new Set<string>();

  constructor(channel: Channel, options: DispatchOptions) {
    this.#channel = channel;
    this.#options = options;
    this.#startedMs = options.effects.now().getTime();
  }

  async run(outgoing: readonly Outgoing[]): Promise<ChannelOutcome> {
    let done = 0;
    for (const one of outgoing) {
      if (this.#options.signal.aborted || this.#isImpatient()) break;
      if (!this.#waitingGroups.has(one.group) && !(await this.#deliver(one))) this.#waitingGroups.add(one.group);
      done += 1;
    }
    const pending = outgoing.length - this.#sent - this.#dead;
    return { channel: this.#channel.id, sent: this.#sent, pending: Math.max(pending, outgoing.length - done), dead: this.#dead, failure: this.#failure };
  }

  /** Whether the time of a run for this channel is over. */
  #isImpatient(): boolean {
    const now = this.#options.effects.now().getTime();
    return this.#leaveAloneUntilMs > now || (this.#failure !== null && now - this.#startedMs >= PATIENCE_MS);
  }

  /** Whether the message is off the list: sent, or given up. */
  async #deliver({ key, attempts, plannedAt, compose }: Outgoing): Promise<boolean> {
    const { effects } = this.#options;
    let alert: Alert | undefined;
    for (let tries = 1; ; tries += 1) {
      await this.#keepRate();
      if (this.#options.signal.aborted) return false;
      const attempt = attempts + tries;
      alert ??= await compose().catch((error: unknown) => {
        // One message that can't be put together takes nothing from the others.
        const message = this.#options.scrub(`it could not be composed: ${error instanceof Error ? error.message : String(error)}`);
        this.#failure = { message, hint: 'That is a fault of ours: please report it.' };
        this.#write({ kind: 'failed', at: this.#at(), key, attempt, message, retry_at: new Date(effects.now().getTime() + SLOWEST_RETRY_MS).toISOString() });
        return undefined;
      });
      if (!alert) return false;
      this.#write({ kind: 'sending', at: this.#at(), key, attempt });
      // The log's own failures are none of the channel's, and end the phase.
      const result = await this.#send(alert, attempt).then((receipt) => ({ receipt }), (error: unknown) => ({ error }));
      if ('receipt' in result) {
        this.#write({ kind: 'sent', at: this.#at(), key, attempt, receipt: result.receipt.id });
        this.#sent += 1;
        return true;
      }
      const failure = this.#failureOf(result.error);
      const wait = failure.retryAfterMs ?? FIRST_WAIT_MS * 2 ** (tries - 1) * (0.5 + effects.random());
      const isOver = effects.now().getTime() - plannedAt.getTime() >= this.#options.giveUpAfterHours * 3_600_000;
      const isLast = !failure.isTransient || tries === ATTEMPTS_A_RUN || isOver || this.#options.signal.aborted || effects.now().getTime() + wait - this.#startedMs > PATIENCE_MS;
      this.#failure = { message: failure.message, hint: failure.hint };
      const retryAt = isOver ? null : new Date(effects.now().getTime() + (isLast ? later(failure, attempt) : wait)).toISOString();
      this.#write({ kind: 'failed', at: this.#at(), key, attempt, message: failure.message, retry_at: retryAt });
      if (isOver) this.#dead += 1;
      if (isLast) {
        if (failure.retryAfterMs !== undefined) this.#leaveAloneUntilMs = effects.now().getTime() + failure.retryAfterMs;
        return isOver;
      }
      await effects.sleep(wait, this.#options.signal).catch(() => undefined);
    }
  }

  async #send(alert: Alert, attempt: number): Promise<{ readonly id: string | null }> {
    const { effects, signal, limits } = this.#options;
    const ms = limits.get(this.#channel.id)?.timeoutMs ?? 10_000;
    const deadline = deadlineOf(ms, signal, new Error(`no answer within ${ms / 1000} s`));
    try {
      return await this.#channel.send(alert, { signal: deadline.signal, now: effects.now, attempt });
    } catch (error) {
      if (deadline.isPast && !(error instanceof ChannelError)) throw new ChannelError(`no answer within ${ms / 1000} s`, { isTransient: true, cause: error });
      throw error;
    } finally {
      deadline.end();
    }
  }

  /** Waits for the message's turn, so that the service's rate is kept. */
  async #keepRate(): Promise<void> {
    const { effects, limits, signal } = this.#options;
    const now = effects.now().getTime();
    const wait = this.#nextSendMs - now;
    if (wait > 0) await effects.sleep(wait, signal).catch(() => undefined);
    this.#nextSendMs = Math.max(now, this.#nextSendMs) + 60_000 / (limits.get(this.#channel.id)?.ratePerMinute ?? 60);
  }

  #failureOf(error: unknown): { readonly message: string; readonly hint: string | null; readonly isTransient: boolean; readonly retryAfterMs: number | undefined } {
    const { scrub } = this.#options;
    if (error instanceof ChannelError) return { message: scrub(error.message), hint: error.hint === undefined ? null : scrub(error.hint), isTransient: error.isTransient, retryAfterMs: error.retryAfterMs };
    return { message: scrub(error instanceof Error ? error.message : String(error)), hint: null, isTransient: true, retryAfterMs: undefined };
  }

  #at(): string {
    return this.#options.effects.now().toISOString();
  }

  #write(entry: AlertEntry): void {
    this.#options.log.append([entry]);
  }
}

/** How long until a later run tries again. */
function later({ isTransient, retryAfterMs }: { readonly isTransient: boolean; readonly retryAfterMs: number | undefined }, attempt: number): number {
  if (!isTransient) return SLOWEST_RETRY_MS;
  // No service decides to be left alone for longer than that: its word would outlast the time after which a message is given up.
  return Math.max(Math.min(retryAfterMs ?? 0, LONGEST_RETRY_AFTER_MS), Math.min(SLOWEST_RETRY_MS, RETRY_MS * 2 ** Math.max(0, Math.ceil(attempt / ATTEMPTS_A_RUN) - 1)));
}
