/**
 * Pulling a source in a test: a clock that only sleeping moves, everything it told, and steps kept as a pipeline would keep them.
 */
import { SourceError, type CheckResult, type PullContext, type Source, type SourceEvent, type Step, type StreamFailure, type Window } from '../src/sources/source.ts';

/** A clock that stands still until somebody sleeps. */
export class FakeClock {
  ms: number;
  /** Every wait, ms. */
  readonly slept: number[] = [];

  constructor(start: string) {
    this.ms = Date.parse(start);
  }

  readonly now = (): Date => new Date(this.ms);
  readonly sleep = async (ms: number, signal: AbortSignal): Promise<void> => {
    signal.throwIfAborted();
    this.slept.push(ms);
    this.ms += ms;
    await Promise.resolve();
  };
}

export interface Pulled {
  readonly steps: Step[];
  readonly events: SourceEvent[];
  readonly failures: readonly StreamFailure[];
  /** Cursors as they stand afterwards, those given before among them. */
  readonly cursors: Map<string, string>;
  /** Bodies, in order. */
  readonly bodies: string[];
}

export interface PullOf {
  readonly clock: FakeClock;
  readonly cursors?: ReadonlyMap<string, string>;
  readonly backfill?: Window;
  /** Stop after so many steps, as a killed process does. */
  readonly stopAfter?: number;
  readonly signal?: AbortSignal;
}

export async function pulled(source: Source, { clock, cursors, backfill, stopAfter = Infinity, signal }: PullOf): Promise<Pulled> {
  const events: SourceEvent[] = [];
  const steps: Step[] = [];
  const kept = new Map(cursors ?? []);
  let failures: readonly StreamFailure[] = [];
  const context: PullContext = {
    now: clock.now, sleep: clock.sleep, random: () => 0.5, cursors: new Map(kept), signal: signal ?? new AbortController().signal,
    tell: (event) => events.push(event),
    ...(backfill ? { backfill } : {}),
  };
  try {
    for await (const step of source.pull(context)) {
      steps.push(step);
      if (step.cursor !== undefined) kept.set(step.stream, step.cursor);
      if (steps.length >= stopAfter) break;
    }
  } catch (error) {
    if (!(error instanceof SourceError)) throw error;
    failures = error.failures;
  }
  return { steps, events, failures, cursors: kept, bodies: steps.flatMap((step) => step.delivered.map(({ bytes }) => bytes.toString('utf8'))) };
}

export async function checked(source: Source, clock: FakeClock): Promise<CheckResult[]> {
  const results: CheckResult[] = [];
  const effects = { now: clock.now, sleep: clock.sleep, random: () => 0.5, tell: () => undefined, signal: new AbortController().signal };
  for await (const result of source.check(effects)) results.push(result);
  return results;
}
