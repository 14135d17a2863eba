/**
 * A time limit of one piece of work, beside the signal that ends all of it.
 *
 * Not `AbortSignal.any([signal, AbortSignal.timeout(ms)])`: Node may collect a timeout signal that nobody but the joined one
 * refers to, and then nothing ends the wait (nodejs/node issue 57736); a request to a service that hangs hung for ever.
 */

/** A signal that is aborted with the parent's reason when the parent is, and with its own after its time. */
export interface Deadline {
  readonly signal: AbortSignal;
  /** Whether the time passed before the work ended or the parent was aborted. */
  readonly isPast: boolean;
  /** The work has ended, one way or another. Always call it: the timer and the parent's listener go. */
  end(): void;
}

/**
 * Begins a deadline of `ms` by the machine's own clock.
 * @param parent without one, the time alone ends the work
 * @param reason what the signal is aborted with when the time has passed
 */
export function deadlineOf(ms: number, parent?: AbortSignal, reason = new Error(`not done within ${ms / 1000} s`)): Deadline {
  const own = new AbortController();
  let isPast = false;
  const follow = (): void => {
    own.abort(parent?.reason);
  };
  const timer = setTimeout(() => {
    if (own.signal.aborted) return;
    isPast = true;
    own.abort(reason);
  }, ms);
  if (parent?.aborted === true) follow();
  else parent?.addEventListener('abort', follow, { once: true });
  return {
    signal: own.signal,
    get isPast() {
      return isPast;
    },
    end: () => {
      clearTimeout(timer);
      parent?.removeEventListener('abort', follow);
    },
  };
}
