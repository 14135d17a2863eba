/**
 * What a command may do with the terminal. Real ones come from main.ts, others from tests.
 */

/** Standard output and error, and how wide and colourful they are. */
export interface Terminal {
  /** Standard output: the answer, nothing else. */
  out(text: string): void;
  /** Standard error: messages and progress. */
  err(text: string): void;
  readonly isOutTty: boolean;
  readonly isErrTty: boolean;
  /** Columns of standard output; 80 where that is no terminal. */
  readonly columns: number;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** Whether to colour what goes to a stream: on a TTY only; `NO_COLOR` and `FORCE_COLOR` have the last word, in this order. */
export function wantsColour(env: Terminal['env'], isTty: boolean): boolean {
  const { NO_COLOR: no, FORCE_COLOR: force, TERM: term } = env;
  if (no !== undefined && no !== '') return false;
  if (force !== undefined) return force !== '0' && force !== 'false';
  return isTty && term !== 'dumb';
}
