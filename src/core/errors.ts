/**
 * Failures that a person can do something about.
 */

/** Exit codes of INTERFACE. */
export const EXIT = { done: 0, found: 1, wrongUse: 2, locked: 3 } as const;
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** An expected failure: what happened, what to do, and the exit code. Shown without a stack trace. */
export class WhoranError extends Error {
  readonly exitCode: ExitCode;
  /** What to do about it: a full sentence, or the command to type. */
  readonly hint: string | undefined;

  constructor(message: string, options: { exitCode: ExitCode; hint?: string; cause?: unknown }) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'WhoranError';
    this.exitCode = options.exitCode;
    this.hint = options.hint;
  }
}
