/**
 * Pulling live sources: each by its own pace, all at once, one failing without the others; every step is landed before the next
 * one is asked for.
 */
import { setMaxListeners } from 'node:events';
import type { RepeatedFile } from './ingest-result.ts';
import { SourceError, type PullContext, type Source, type SourceEffects, type SourceEvent, type Step, type StreamFailure, type Window } from '../sources/source.ts';
import type { Writer } from '../store/writer.ts';
import { asPulled, landStep } from './land-step.ts';

export interface PullOptions {
  /** Ends the pull: sources stop after the request at hand, and what hangs is left behind. */
  readonly signal: AbortSignal;
  readonly effects: Pick<SourceEffects, 'now' | 'sleep' | 'random'>;
  /** Pull just this window, and leave cursors where they are. */
  readonly backfill?: Window;
  /** Told of each source's events, and of each step that was landed. */
  readonly progress?: (source: string, event: SourceEvent | { readonly kind: 'landed'; readonly stream: string; readonly landed: number; readonly bytes: number }) => void;
}

/** What a pull of one source came to. */
export interface SourceResult {
  readonly id: string;
  readonly type: string;
  /** `partial`: some of its streams failed. `interrupted`: the signal ended it. */
  readonly outcome: 'ok' | 'partial' | 'failed' | 'interrupted';
  readonly failures: readonly StreamFailure[];
  readonly warnings: readonly string[];
  /** Objects and response bodies. */
  readonly delivered: number;
  readonly landed: number;
  /** Those whose bytes were landed before. */
  readonly repeated: number;
  readonly bytes: number;
  readonly requests: number;
  readonly retries: number;
  readonly seconds: number;
  /** Each of its streams: how far it reaches now. */
  readonly streams: readonly { readonly stream: string; readonly complete_through: string | null }[];
}

export interface PullResult {
  readonly sources: readonly SourceResult[];
  /** Deliveries whose bytes were landed before, and where. */
  readonly repeated: readonly RepeatedFile[];
}

/** Further warnings of one source are counted, not kept. */
const KEPT_WARNINGS = 100;

/**
 * Pulls every source from its cursors on. Never throws for what a source does: its failure is in the result.
 * @throws where landing can't be written (a full disk): nothing can go on then
 */
export async function pullSources(writer: Writer, sources: readonly Source[], options: PullOptions): Promise<PullResult> {
  // Every stream of every source listens; that is no leak.
  setMaxListeners(0, options.signal);
  const land = new StepLander(writer, options);
  const results = await Promise.all(sources.map(async (source) => pullOne(source, land, options)));
  land.check();
  return { sources: results, repeated: land.repeated };
}

/** Says that streams of sources that are no longer configured (or are switched off) count for nothing. */
export function retireOthers(writer: Writer, configured: ReadonlySet<string>, now: () => Date): void {
  const { pulls, lastSeq } = writer.landing;
  for (const { source, stream, covers } of pulls.streams) {
    if (configured.has(source) || covers.length === 0) continue;
    pulls.append({
      at: now().toISOString(), source, stream, covers: [], window_from: null, window_to: null, cursor: null, complete_through: null,
      ledger_seq: lastSeq, delivered: 0, landed: 0, bytes: 0,
    });
  }
}

/** Lands the steps of all sources, one after another: landing has one end. */
class StepLander {
  readonly repeated: RepeatedFile[] = [];
  readonly #writer: Writer;
  readonly #options: PullOptions;
  #turn: Promise<unknown> = Promise.resolve();
  #failure: unknown;

  constructor(writer: Writer, options: PullOptions) {
    this.#writer = writer;
    this.#options = options;
  }

  cursors(source: string): Map<string, string> {
    return this.#writer.landing.pulls.cursors(source);
  }

  streams(source: string): { stream: string; complete_through: string | null }[] {
    return this.#writer.landing.pulls.streams
      .filter((one) => one.source === source)
      .map(({ stream, complete_through }) => ({ stream, complete_through }));
  }

  /** A stream that is new: known from now on, so that its silence holds completeness back. */
  register(source: Source): void {
    if (this.#options.backfill) return;
    const { pulls, lastSeq } = this.#writer.landing;
    for (const { stream, covers } of source.streams) {
      const known = pulls.streams.find((one) => one.source === source.id && one.stream === stream);
      if (known && known.covers.length > 0) continue;
      pulls.append({
        at: this.#options.effects.now().toISOString(), source: source.id, stream, covers: covers.map(asPulled), window_from: null, window_to: null,
        cursor: null, complete_through: null, ledger_seq: lastSeq, delivered: 0, landed: 0, bytes: 0,
      });
    }
  }

  async land(source: Source, step: Step): Promise<{ delivered: number; landed: number; bytes: number; repeated: number }> {
    const turn = this.#turn.then(async () => {
      this.check();
      const { cursor, completeThrough, ...rest } = step;
      const kept = this.#options.backfill ? rest : { ...rest, ...(cursor === undefined ? {} : { cursor }), ...(completeThrough ? { completeThrough } : {}) };
      return landStep(this.#writer, source.id, kept, this.#options.effects.now);
    });
    this.#turn = turn.catch((error: unknown) => {
      this.#failure ??= error;
    });
    const landed = await turn;
    this.repeated.push(...landed.repeated);
    this.#options.progress?.(source.id, { kind: 'landed', stream: step.stream, landed: landed.landed, bytes: landed.bytes });
    return { ...landed, repeated: landed.repeated.length };
  }

  /** @throws what landing failed with */
  check(): void {
    if (this.#failure !== undefined) throw this.#failure instanceof Error ? this.#failure : new Error('landing failed');
  }
}

async function pullOne(source: Source, lander: StepLander, options: PullOptions): Promise<SourceResult> {
  const { effects, signal } = options;
  const began = effects.now().getTime();
  const count = { delivered: 0, landed: 0, repeated: 0, bytes: 0, requests: 0, retries: 0 };
  const warnings: string[] = [];
  const tell = (event: SourceEvent): void => {
    if (event.kind === 'request') count.requests += 1;
    if (event.kind === 'retry') count.retries += 1;
    if (event.kind === 'warning' && warnings.length < KEPT_WARNINGS) warnings.push(event.stream === null ? event.message : `${event.stream}: ${event.message}`);
    options.progress?.(source.id, event);
  };
  const context: PullContext = {
    ...effects, tell, signal, cursors: lander.cursors(source.id), ...(options.backfill ? { backfill: options.backfill } : {}),
  };
  const ended = (outcome: SourceResult['outcome'], failures: readonly StreamFailure[] = []): SourceResult => ({
    id: source.id, type: source.type, outcome, failures, warnings, ...count,
    seconds: Math.round((effects.now().getTime() - began) / 100) / 10, streams: lander.streams(source.id),
  });
  lander.register(source);
  const steps = source.pull(context);
  try {
    for (;;) {
      const next = await unlessAborted(steps.next(), signal);
      if (next.done === true) return ended('ok');
      const landed = await lander.land(source, next.value);
      for (const name of ['delivered', 'landed', 'repeated', 'bytes'] as const) count[name] += landed[name];
    }
  } catch (error) {
    lander.check();
    // A source that hangs would hang here too: it is told to stop, not waited for.
    void steps.return(undefined).catch(() => undefined);
    if (signal.aborted) return ended('interrupted', [{ stream: '', message: reasonOf(signal.reason) }]);
    if (error instanceof SourceError) return ended(isWhole(error, lander.streams(source.id)) ? 'failed' : 'partial', error.failures);
    return ended('failed', [{ stream: '', message: reasonOf(error) }]);
  }
}

/** Whether every stream failed. */
function isWhole(error: SourceError, streams: readonly { stream: string }[]): boolean {
  const failed = new Set(error.failures.map(({ stream }) => stream));
  return streams.every(({ stream }) => failed.has(stream));
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** The promise's result; or, as soon as the signal is aborted, its reason, whatever the promise does. */
async function unlessAborted<Result>(promise: Promise<Result>, signal: AbortSignal): Promise<Result> {
  // Where the signal wins, nobody else meets the promise's rejection.
  promise.catch(() => undefined);
  signal.throwIfAborted();
  let onAbort = (): void => undefined;
  const aborted = new Promise<never>((_, reject) => {
    onAbort = (): void => { reject(signal.reason instanceof Error ? signal.reason : new Error(String(signal.reason))); };
    signal.addEventListener('abort', onAbort, { once: true });
  });
  try {
    return await Promise.race([promise, aborted]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}
