/**
 * Handing alerts to channels: at least once, with a line in landing's `alerts.jsonl` before and after each attempt. Whoever crashes between
 * the two sends the same key again. How long is waited for whom: `alert-pace.ts`.
 */
import type { Alert } from '../alerts/alert.ts';
import { ChannelError, type Channel } from '../alerts/channel.ts';
import { deadlineOf } from '../core/deadline.ts';
import type { AlertEntry, AlertLine } from '../landing/alert-log.ts';
import type { ChainLog } from '../landing/chain-log.ts';
import type { SourceEffects } from '../sources/source.ts';
import { ATTEMPTS_A_RUN, channelRestMs, messageRestMs, PATIENCE_MS, SLOW_MS, waitWithinRunMs } from './alert-pace.ts';

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

/** That a channel could not be reached by earlier runs, as the log has it. */
export interface ChannelRest {
  /** Nothing is sent to it before then. */
  readonly until: Date;
  /** In how many runs in a row that was so. */
  readonly runs: number;
  /** What the last of them met with. */
  readonly message: string;
}

export interface DispatchOptions {
  readonly log: Pick<ChainLog<AlertLine>, 'append'>;
  readonly effects: Pick<SourceEffects, 'now' | 'sleep' | 'random'>;
  readonly signal: AbortSignal;
  readonly scrub: (text: string) => string;
  readonly giveUpAfterHours: number;
  /** How long this run may send: what is left then waits for the next. */
  readonly budgetMs: number;
  /** By channel id. */
  readonly limits: ReadonlyMap<string, { readonly timeoutMs: number; readonly ratePerMinute: number }>;
  /** By channel id; none where the last attempt was taken. */
  readonly rests: ReadonlyMap<string, ChannelRest>;
}

/** What became of one channel's messages. */
export interface ChannelOutcome {
  readonly channel: string;
  readonly sent: number;
  /** Left to a later run. */
  readonly pending: number;
  /** Given up. */
  readonly dead: number;
  /** Attempts of this run that failed. */
  readonly failed: number;
  /** What the last failed attempt of this run met with; null where none failed. */
  readonly failure: { readonly message: string; readonly hint: string | null } | null;
  /** Why messages were left that this run could have tried; null where none were. */
  readonly left_because: string | null;
}

/**
 * Sends a channel's messages in order. One that isn't taken doesn't stop those after it, but where the service can't be reached, or asks
 * to be left alone for longer than a run waits, all the rest is left to a later run, and so is what the run has no time for.
 */
export async function dispatch(channel: Channel, outgoing: readonly Outgoing[], options: DispatchOptions): Promise<ChannelOutcome> {
  return new Dispatch(channel, options).run(outgoing);
}

interface Failure {
  readonly message: string;
  readonly hint: string | null;
  readonly isTransient: boolean;
  readonly retryAfterMs: number | undefined;
}

class Dispatch {
  readonly #channel: Channel;
  readonly #options: DispatchOptions;
  readonly #startedMs: number;
  #sent = 0;
  #dead = 0;
  #failed = 0;
  #failure: ChannelOutcome['failure'] = null;
  /** Set once nothing more is sent to the channel for now. */
  #rest: { readonly until: Date; readonly message: string } | null = null;
  #leftBecause: string | null = null;
  #nextSendMs = 0;
  /** Failed attempts since the service last took a message. */
  #faultsInARow = 0;
  /** What this run has waited for failures, in all. */
  #waitedMs = 0;
  readonly #waitingGroups = new Set<string>();

  constructor(channel: Channel, options: DispatchOptions) {
    this.#channel = channel;
    this.#options = options;
    this.#startedMs = this.#nowMs();
    const rest = options.rests.get(channel.id);
    if (rest && rest.until.getTime() > this.#startedMs) {
      const times = rest.runs === 1 ? 'the last run' : `each of the last ${rest.runs} runs that tried`;
      this.#leaveAlone(rest.until, rest.message, `in ${times} it failed (${rest.message})`);
    }
  }

  async run(outgoing: readonly Outgoing[]): Promise<ChannelOutcome> {
    const left: Outgoing[] = [];
    for (const one of outgoing) {
      if (!this.#isOver() && !this.#waitingGroups.has(one.group) && (await this.#deliver(one))) continue;
      this.#waitingGroups.add(one.group);
      left.push(one);
    }
    this.#buryOld(left);
    const pending = outgoing.length - this.#sent - this.#dead;
    return { channel: this.#channel.id, sent: this.#sent, pending, dead: this.#dead, failed: this.#failed, failure: this.#failure, left_because: pending > 0 ? this.#leftBecause : null };
  }

  /** Whether this run sends nothing more on this channel. */
  #isOver(): boolean {
    if (this.#options.signal.aborted) this.#leftBecause ??= 'the run was told to stop';
    else if (this.#rest === null && this.#nowMs() - this.#startedMs >= this.#options.budgetMs) this.#outOfTime();
    return this.#leftBecause !== null;
  }

  #outOfTime(): void {
    this.#leftBecause ??= `the time that one run may send was over (${Math.round(this.#options.budgetMs / 1000)} s); the next run goes on`;
  }

  #leaveAlone(until: Date, message: string, because: string): void {
    this.#rest = { until, message };
    this.#leftBecause ??= `left alone until ${until.toISOString().replace(/\.\d+Z$/, 'Z')}: ${because}`;
  }

  /** While a channel is left alone, its messages grow old without an attempt of their own. */
  #buryOld(left: readonly Outgoing[]): void {
    if (this.#rest === null) return;
    for (const { key, attempts, plannedAt } of left) {
      if (!this.#isOld(plannedAt)) continue;
      this.#write({ kind: 'failed', at: this.#at(), key, attempt: attempts, message: this.#rest.message, retry_at: null });
      this.#dead += 1;
    }
  }

  /** Whether the message is off the list: sent, or given up. */
  async #deliver({ key, attempts, plannedAt, compose }: Outgoing): Promise<boolean> {
    const { effects, signal } = this.#options;
    let alert: Alert | undefined;
    for (let tries = 1; ; tries += 1) {
      if (!(await this.#keepRate()) || signal.aborted) return false;
      const attempt = attempts + tries;
      alert ??= await this.#composed(compose, key, attempt);
      if (!alert) return false;
      this.#write({ kind: 'sending', at: this.#at(), key, attempt });
      const beganMs = this.#nowMs();
      // The log's own failures are none of the channel's, and end the phase.
      const result = await this.#send(alert, attempt).then((receipt) => ({ receipt }), (error: unknown) => ({ error }));
      if ('receipt' in result) {
        this.#write({ kind: 'sent', at: this.#at(), key, attempt, receipt: result.receipt.id });
        this.#sent += 1;
        this.#faultsInARow = 0;
        return true;
      }
      const failure = this.#failureOf(result.error);
      const waitMs = waitWithinRunMs(tries, failure.retryAfterMs, effects.random());
      const isOld = this.#isOld(plannedAt);
      const verdict = this.#judge(failure, { tries, waitMs, tookMs: this.#nowMs() - beganMs, isOld });
      const restMs = verdict.channelRestMs ?? 0;
      const messageMs = verdict.isLast ? Math.max(restMs, messageRestMs(attempt, failure.isTransient)) : waitMs;
      const later = (ms: number): string => new Date(this.#nowMs() + ms).toISOString();
      this.#write({
        kind: 'failed', at: this.#at(), key, attempt, message: failure.message, retry_at: isOld ? null : later(messageMs), is_transient: failure.isTransient,
        ...(verdict.channelRestMs === null ? {} : { channel_retry_at: later(restMs) }),
      });
      if (verdict.channelRestMs !== null) this.#leaveAlone(new Date(this.#nowMs() + restMs), failure.message, 'it could not be reached');
      if (isOld) this.#dead += 1;
      if (verdict.isLast) return isOld;
      this.#waitedMs += waitMs;
      await effects.sleep(waitMs, signal).catch(() => undefined);
    }
  }

  /** What a failed attempt means: for the message in this run, and for the channel from now on. */
  #judge(failure: Failure, { tries, waitMs, tookMs, isOld }: { tries: number; waitMs: number; tookMs: number; isOld: boolean }): { readonly isLast: boolean; readonly channelRestMs: number | null } {
    this.#failure = { message: failure.message, hint: failure.hint };
    this.#failed += 1;
    // What our own stop cut off says nothing about the service.
    if (this.#options.signal.aborted) return { isLast: true, channelRestMs: null };
    this.#faultsInARow += 1;
    const isOverPatience = this.#waitedMs + waitMs > PATIENCE_MS;
    const isSlow = tookMs >= SLOW_MS;
    const isDown = this.#faultsInARow > ATTEMPTS_A_RUN || (failure.isTransient && (isSlow || isOverPatience));
    return {
      isLast: isDown || isOld || !failure.isTransient || tries === ATTEMPTS_A_RUN,
      channelRestMs: isDown ? channelRestMs(this.#options.rests.get(this.#channel.id)?.runs ?? 0, failure.retryAfterMs) : null,
    };
  }

  /** One message that can't be put together takes nothing from the others. */
  async #composed(compose: Outgoing['compose'], key: string, attempt: number): Promise<Alert | undefined> {
    try {
      return await compose();
    } catch (error) {
      const message = this.#options.scrub(`it could not be composed: ${error instanceof Error ? error.message : String(error)}`);
      this.#failure = { message, hint: 'That is a fault of ours: please report it.' };
      this.#failed += 1;
      this.#write({ kind: 'failed', at: this.#at(), key, attempt, message, retry_at: new Date(this.#nowMs() + messageRestMs(attempt, false)).toISOString() });
      return undefined;
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

  /** Waits for the message's turn, so that the service's rate is kept. False where its turn comes after this run's time. */
  async #keepRate(): Promise<boolean> {
    const { effects, limits, signal, budgetMs } = this.#options;
    const now = this.#nowMs();
    const wait = this.#nextSendMs - now;
    if (wait > 0 && now + wait - this.#startedMs > budgetMs) {
      this.#outOfTime();
      return false;
    }
    if (wait > 0) await effects.sleep(wait, signal).catch(() => undefined);
    this.#nextSendMs = Math.max(now, this.#nextSendMs) + 60_000 / (limits.get(this.#channel.id)?.ratePerMinute ?? 60);
    return true;
  }

  #failureOf(error: unknown): Failure {
    const { scrub } = this.#options;
    if (error instanceof ChannelError) return { message: scrub(error.message), hint: error.hint === undefined ? null : scrub(error.hint), isTransient: error.isTransient, retryAfterMs: error.retryAfterMs };
    return { message: scrub(error instanceof Error ? error.message : String(error)), hint: null, isTransient: true, retryAfterMs: undefined };
  }

  #isOld(plannedAt: Date): boolean {
    return this.#nowMs() - plannedAt.getTime() >= this.#options.giveUpAfterHours * 3_600_000;
  }

  #nowMs(): number {
    return this.#options.effects.now().getTime();
  }

  #at(): string {
    return this.#options.effects.now().toISOString();
  }

  #write(entry: AlertEntry): void {
    this.#options.log.append([entry]);
  }
}
