/**
 * Keeps requests under the log API's rate: 200 in 30 s for a user or address (Azure Monitor, workspace limits). Some are left to
 * whoever else queries with the same identity. At most 5 queries of a user run at once; this source asks one after another.
 */
import type { SourceEffects } from '../source.ts';

const REQUESTS = 180;
const WITHIN_MS = 30_000;

export class Pace {
  /** When the last requests began, oldest first. */
  #begun: number[] = [];

  /** Resolves when one more request may begin. Rejects with the signal's reason. */
  async turn(effects: SourceEffects & { readonly signal: AbortSignal }): Promise<void> {
    for (;;) {
      const now = effects.now().getTime();
      // A clock that was set back must not stop us for longer than the window.
      this.#begun = this.#begun.filter((at) => at <= now && now - at < WITHIN_MS);
      const oldest = this.#begun[0];
      if (oldest === undefined || this.#begun.length < REQUESTS) {
        this.#begun.push(now);
        return;
      }
      await effects.sleep(oldest + WITHIN_MS - now, effects.signal);
    }
  }
}
