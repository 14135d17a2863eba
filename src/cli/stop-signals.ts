/**
 * Ending when the system says so: the first SIGTERM or SIGINT asks, and whoever doesn't answer in time is left to the end of the
 * process. A second one ends it at once, as by default.
 */

/** The system's own patience: `docker stop` and ECS kill after 10 s or more, and leaving takes a moment too. */
const PATIENCE_MS = 9000;

export interface StopSignals {
  /** Aborted by the first signal. */
  readonly signal: AbortSignal;
  /** Resolves so long after it. */
  readonly late: Promise<void>;
  /** Back to what signals do by default. */
  readonly dispose: () => void;
}

export function stopOnSignals(patienceMs = PATIENCE_MS): StopSignals {
  const stop = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  let isLate = (): void => undefined;
  const late = new Promise<void>((resolve) => {
    isLate = resolve;
  });
  const onSignal = (name: NodeJS.Signals): void => {
    dispose();
    timer = setTimeout(isLate, patienceMs);
    stop.abort(new Error(`stopped by ${name}`));
  };
  const dispose = (): void => {
    process.removeListener('SIGTERM', onSignal).removeListener('SIGINT', onSignal);
    clearTimeout(timer);
  };
  process.once('SIGTERM', onSignal).once('SIGINT', onSignal);
  return { signal: stop.signal, late, dispose };
}
