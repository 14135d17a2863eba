/**
 * A source's streams, some at a time: their steps as they come, the failure of one without the others.
 */
import { SourceError, type Step, type StreamFailure } from './source.ts';

/** A stream and how it is pulled. */
export interface RunningStream {
  readonly stream: string;
  readonly pull: () => AsyncGenerator<Step>;
}

interface Active {
  readonly steps: AsyncGenerator<Step>;
  readonly stream: string;
}

interface Outcome { readonly active: Active; readonly step?: Step; readonly error?: unknown }

/**
 * Runs up to `parallel` streams side by side. A stream is asked for its next step only after the one before was taken, and
 * taken means landed; of each other stream one step may wait meanwhile.
 * @param failureOf what people are told of a stream that failed for good
 * @throws SourceError at the end where streams failed; the signal's reason as soon as it is aborted
 */
export async function* runStreams(
  streams: readonly RunningStream[],
  { parallel, signal, failureOf }: { readonly parallel: number; readonly signal: AbortSignal; readonly failureOf: (stream: string, error: unknown) => StreamFailure },
): AsyncGenerator<Step> {
  const waiting = [...streams];
  const running = new Map<Active, Promise<Outcome>>();
  const open = new Set<Active>();
  const failures: StreamFailure[] = [];
  let cause: unknown;
  const ask = (active: Active): void => {
    running.set(
      active,
      active.steps.next().then(
        (next): Outcome => (next.done === true ? { active } : { active, step: next.value }),
        (error: unknown): Outcome => ({ active, error }),
      ),
    );
  };
  try {
    for (;;) {
      while (running.size < parallel) {
        const next = waiting.shift();
        if (!next) break;
        const active = { steps: next.pull(), stream: next.stream };
        open.add(active);
        ask(active);
      }
      if (running.size === 0) break;
      const { active, step, error } = await Promise.race(running.values());
      running.delete(active);
      if (step === undefined) open.delete(active);
      signal.throwIfAborted();
      if (error !== undefined) {
        failures.push(failureOf(active.stream, error));
        cause ??= error;
      } else if (step) {
        yield step;
        ask(active);
      }
    }
  } finally {
    // Whoever stops taking steps, or an abort: those under way end by themselves, and nobody waits for them.
    for (const { steps } of open) void steps.return(undefined).catch(() => undefined);
  }
  if (failures.length > 0) throw new SourceError(failures, cause);
}
