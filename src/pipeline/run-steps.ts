/**
 * The steps of a run: each timed, its failure kept and told, and stopped when the run is to stop.
 */
import type { Database } from '../engine/database.ts';
import type { RunFailure, RunStep, RunStepName } from '../landing/run-log.ts';
import { failureOf } from './run-failure.ts';
import type { RunJob } from './run-job.ts';

/** The run was told to stop. */
export class Stopped extends Error {}
/** The run was told to stop, and the step at hand did not. */
export class LeftBehind extends Error {}
/** A step failed, and what with is named already. */
export class NamedAlready extends Error {}

const STOP_MS = 5000;
/** A statement is interrupted again and again: stopping one may only begin the next. */
const INTERRUPT_EVERY_MS = 100;

export class RunSteps {
  readonly steps: RunStep[] = [];
  readonly failures: RunFailure[] = [];
  readonly #job: RunJob;
  #isStopped = false;
  #isLeftBehind = false;

  constructor(job: RunJob) {
    this.#job = job;
  }

  /** Whether the run ended because it was told to. */
  get isStopped(): boolean {
    return this.#isStopped;
  }

  /** Whether a step is still at work that was told to stop. */
  get isLeftBehind(): boolean {
    return this.#isLeftBehind;
  }

  /**
   * Does one step. What it fails with is kept, and the result is undefined then.
   * @throws Stopped, LeftBehind
   */
  async step<Result>(db: Database, step: RunStepName, work: () => Promise<Result>): Promise<Result | undefined> {
    const { tell, effects } = this.#job;
    this.throwIfStopping();
    tell({ kind: 'step', step });
    const began = effects.now().getTime();
    const done = (outcome: RunStep['outcome']): void => {
      this.steps.push({ step, outcome, seconds: Math.round((effects.now().getTime() - began) / 100) / 10 });
    };
    try {
      const result = await this.#unlessStopped(db, work);
      done(this.#isStopping() ? 'interrupted' : 'done');
      return result;
    } catch (error) {
      done(this.#isStopping() ? 'interrupted' : 'failed');
      if (error instanceof LeftBehind) throw error;
      this.throwIfStopping();
      if (!(error instanceof NamedAlready)) this.met(error, step);
      return undefined;
    }
  }

  skip(step: RunStepName): void {
    this.steps.push({ step, outcome: 'skipped', seconds: 0 });
  }

  /** @throws Stopped where the run is to stop */
  throwIfStopping(): void {
    if (this.#isStopping()) throw new Stopped();
  }

  /** Keeps what a step, or what lies between steps, was met with. */
  met(error: unknown, step: RunStepName): void {
    if (error instanceof Stopped || error instanceof LeftBehind) {
      this.#isStopped = true;
      this.#isLeftBehind = error instanceof LeftBehind;
    } else {
      this.fail(failureOf(step, error, this.#job));
    }
  }

  fail(failure: RunFailure): void {
    const { scrub, tell } = this.#job;
    const kept = { ...failure, message: scrub(failure.message), hint: failure.hint === null ? null : scrub(failure.hint) };
    this.failures.push(kept);
    tell({ kind: 'failure', failure: kept });
  }

  #isStopping(): boolean {
    return this.#job.signal.aborted;
  }

  /** The work's result. Once the run is to stop, its statements are interrupted; after `stopMs` it is left behind. */
  async #unlessStopped<Result>(db: Database, start: () => Promise<Result>): Promise<Result> {
    const { signal, stopMs = STOP_MS } = this.#job;
    const timers: NodeJS.Timeout[] = [];
    let onAbort = (): void => undefined;
    const late = new Promise<never>((_, reject) => {
      onAbort = (): void => {
        timers.push(setInterval(() => { db.interrupt(); }, INTERRUPT_EVERY_MS));
        timers.push(setTimeout(() => { reject(new LeftBehind()); }, stopMs));
      };
      signal.addEventListener('abort', onAbort, { once: true });
    });
    const work = start();
    try {
      return await Promise.race([work, late]);
    } finally {
      signal.removeEventListener('abort', onAbort);
      for (const timer of timers) clearTimeout(timer);
      // What is left behind may fail later.
      work.catch(() => undefined);
    }
  }
}
