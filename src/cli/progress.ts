/**
 * Progress on standard error: one line that is written over on a terminal, one line a step elsewhere.
 */
import { inert } from '../core/inert.ts';
import type { Context } from './context.ts';

export interface Progress {
  /** Says what is being done now. */
  step(text: string): void;
  /** Clears the line; call it before anything else is written. */
  done(): void;
}

/** How often a terminal's line is written over at most. */
const INTERVAL_MS = 100;

/** A progress that writes to the context's standard error. */
export function progressOn({ terminal }: Context, now: () => number = Date.now): Progress {
  let last = '';
  let shownAt = -Infinity;
  return {
    step(text: string): void {
      const line = inert(text, 100);
      if (!terminal.isErrTty) {
        // Steps that only count on ("… 1200 of 3000 files") would flood a log.
        const head = line.replace(/\d+/g, '#');
        if (head !== last) terminal.err(`${line}\n`);
        last = head;
        return;
      }
      const at = now();
      if (at - shownAt < INTERVAL_MS) return;
      shownAt = at;
      last = line;
      terminal.err(`\r\u001b[2K${line}`);
    },
    done(): void {
      if (terminal.isErrTty && last !== '') terminal.err('\r\u001b[2K');
      last = '';
      shownAt = -Infinity;
    },
  };
}
