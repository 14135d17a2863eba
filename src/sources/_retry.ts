/**
 * The outer retry policy. The SDKs' own are not enough: Azure's retries no 429 without Retry-After, AWS's adaptive mode gives
 * up after 20 s. Waits grow with full jitter up to a cap, obey what the service asks for, and end at a deadline, stated.
 */
import type { SourceEffects } from './source.ts';

/** What a failed call means. */
export type Verdict =
  | { readonly retry: false }
  /** `afterMs`: what the service asked to wait, if it did. `reason`: a few words for people, nothing out of a record. */
  | { readonly retry: true; readonly reason: string; readonly afterMs?: number };

export interface RetryPolicy {
  /** The first wait is drawn from 0 to this; then it doubles. Default 1 s. */
  readonly baseMs?: number;
  /** No drawn wait is longer. Default 60 s. */
  readonly capMs?: number;
  /** After so long since the first attempt no further one begins. Default 15 min. */
  readonly deadlineMs?: number;
}

/** A call was retried until the deadline. `cause` is the last failure. */
export class RetriesExhausted extends Error {
  constructor(operation: string, attempts: number, elapsedMs: number, reason: string, cause: unknown) {
    super(`${operation}: gave up after ${attempts} attempts in ${Math.round(elapsedMs / 1000)} s: ${reason}`, { cause });
    this.name = 'RetriesExhausted';
  }
}

/**
 * Calls `work` until it succeeds, `judge` says that its failure is final, or the deadline passes.
 * @param operation the API's name for it, for messages and metrics
 * @throws the failure itself where it is final; RetriesExhausted; the signal's reason
 */
export async function retrying<Result>(
  operation: string,
  effects: SourceEffects & { readonly signal: AbortSignal },
  judge: (error: unknown) => Verdict,
  work: () => Promise<Result>,
  { baseMs = 1000, capMs = 60_000, deadlineMs = 15 * 60_000 }: RetryPolicy = {},
): Promise<Result> {
  const began = effects.now().getTime();
  for (let attempt = 1; ; attempt += 1) {
    effects.signal.throwIfAborted();
    effects.tell({ kind: 'request', operation });
    try {
      return await work();
    } catch (error) {
      effects.signal.throwIfAborted();
      const verdict = judge(error);
      if (!verdict.retry) throw error;
      const drawn = effects.random() * Math.min(capMs, baseMs * 2 ** (attempt - 1));
      // What the service asks for is the least; a little more keeps many clients from coming back in the same instant.
      const waitMs = Math.round(verdict.afterMs === undefined ? drawn : verdict.afterMs + effects.random() * baseMs);
      const elapsedMs = effects.now().getTime() - began;
      if (elapsedMs + waitMs > deadlineMs) throw new RetriesExhausted(operation, attempt, elapsedMs, verdict.reason, error);
      effects.tell({ kind: 'retry', operation, attempt, waitMs, reason: verdict.reason });
      await effects.sleep(waitMs, effects.signal);
    }
  }
}
