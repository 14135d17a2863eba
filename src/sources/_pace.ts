/**
 * A pace: calls of one kind begin no closer together than the service allows, whoever makes them.
 */
import type { SourceEffects } from './source.ts';

/** One service's limit, per account and region or the like. */
export class Pace {
  readonly #intervalMs: number;
  #nextAt = -Infinity;

  /** @param perSecond the service's limit */
  constructor(perSecond: number) {
    this.#intervalMs = 1000 / perSecond;
  }

  /** Resolves when the next call may begin. @throws the signal's reason when aborted */
  async turn({ now, sleep, signal }: Pick<SourceEffects, 'now' | 'sleep'> & { readonly signal: AbortSignal }): Promise<void> {
    const at = now().getTime();
    const begins = Math.max(at, this.#nextAt);
    this.#nextAt = begins + this.#intervalMs;
    if (begins > at) await sleep(Math.ceil(begins - at), signal);
  }
}
