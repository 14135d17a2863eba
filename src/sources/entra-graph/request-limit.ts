/**
 * So many requests in so much time, kept on this side: the log reports of Graph allow 5 in 10 s, all queries of one app and
 * tenant together, and answer what is more with 429.
 */
import type { SourceEffects } from '../source.ts';

/** A wait longer than any of ours comes of a clock that has since been set back. */
const CLOCK_SET_BACK_MS = 60 * 60_000;

export class RequestLimit {
  readonly #count: number;
  readonly #perMs: number;
  /** When the last requests were sent, oldest first, at most `#count`. */
  #sent: number[] = [];
  #heldUntil = -Infinity;
  /** Resolves when the caller before has had its turn. */
  #queue: Promise<void> = Promise.resolve();

  /** @param perMs a little more than the service's own, since requests may arrive closer together than they were sent */
  constructor(count: number, perMs: number) {
    this.#count = count;
    this.#perMs = perMs;
  }

  /**
   * Resolves when the next request may be sent, and takes it for sent. First come, first served, over all callers; what counts
   * is when a request really goes, not when it was meant to: a machine may have slept in between.
   * @throws the signal's reason
   */
  async turn({ now, sleep, signal }: Pick<SourceEffects, 'now' | 'sleep'> & { readonly signal: AbortSignal }): Promise<void> {
    const before = this.#queue;
    let leave = (): void => undefined;
    this.#queue = new Promise((resolve) => {
      leave = resolve;
    });
    try {
      await before;
      for (;;) {
        signal.throwIfAborted();
        const at = now().getTime();
        const oldest = this.#sent.length < this.#count ? undefined : this.#sent[0];
        const waitMs = Math.max(this.#heldUntil, oldest === undefined ? -Infinity : oldest + this.#perMs) - at;
        if (waitMs > CLOCK_SET_BACK_MS) {
          this.#sent = [];
          this.#heldUntil = -Infinity;
        } else if (waitMs > 0) await sleep(waitMs, signal);
        else {
          this.#sent = [...this.#sent, at].slice(-this.#count);
          return;
        }
      }
    } finally {
      leave();
    }
  }

  /** The service asked to wait: nobody's turn comes before `untilMs`. */
  hold(untilMs: number): void {
    this.#heldUntil = Math.max(this.#heldUntil, untilMs);
  }
}

/** By app and tenant: two sources that read one tenant as one app share what it allows. */
const SHARED = new Map<string, RequestLimit>();

/** The limit of that name, made at its first use. */
export function sharedLimit(name: string, count: number, perMs: number): RequestLimit {
  const known = SHARED.get(name);
  if (known) return known;
  const limit = new RequestLimit(count, perMs);
  SHARED.set(name, limit);
  return limit;
}
