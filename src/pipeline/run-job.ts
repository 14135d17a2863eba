/**
 * What a run is given, what it tells while it works, and what comes of it.
 */
import type { Config } from '../config/config.ts';
import type { RunBegan, RunEnded, RunFailure, RunStepName, RunTrigger } from '../landing/run-log.ts';

import type { Source, SourceEffects } from '../sources/source.ts';
import type { ConfiguredChannels } from './alert-channels.ts';
import type { PullOptions } from './pull.ts';

/** What a run tells while it works: for the log and the metrics. */
export type RunEvent =
  | { readonly kind: 'began'; readonly run: RunBegan }
  /** Something that a person should know, and that is no failure of this run. */
  | { readonly kind: 'note'; readonly message: string }
  | { readonly kind: 'step'; readonly step: RunStepName }
  | { readonly kind: 'progress'; readonly message: string }
  | { readonly kind: 'source'; readonly source: string; readonly event: Parameters<NonNullable<PullOptions['progress']>>[1] }
  | { readonly kind: 'failure'; readonly failure: RunFailure }
  | { readonly kind: 'ended'; readonly run: RunEnded };

export interface RunJob {
  readonly dataDir: string;
  readonly config: Config;
  readonly sources: readonly Source[];
  readonly trigger: RunTrigger;
  /** The schedule that it stands in, as it was typed. */
  readonly schedule: string | null;
  readonly version: string;
  /** Blanks secrets in messages of libraries and services. */
  readonly scrub: (text: string) => string;
  /** Aborted when the run is to stop. */
  readonly signal: AbortSignal;
  readonly effects: Pick<SourceEffects, 'now' | 'sleep' | 'random'>;
  readonly tell: (event: RunEvent) => void;
  /** Where alerts go, and the channels that could not be made, with why. Nobody is told anything without. */
  readonly channels?: ConfiguredChannels;
  /** Told of the end, when it is recorded and the lock is free. Returns what went wrong with that, or null. */
  readonly notify?: (ended: RunEnded) => Promise<string | null>;
  /** In place of the configuration's `run.deadline_minutes`. */
  readonly deadlineMs?: number;
  /** How long after `signal` a step is waited for; then it is left behind. Default 5 s. */
  readonly stopMs?: number;
}

export interface RunResult {
  readonly ended: RunEnded;
  /** A step did not stop when told to: the lock is free only when the process ends, and that should be now. */
  readonly isLeftBehind: boolean;
}

export type { Run, RunEnded, RunTrigger } from '../landing/run-log.ts';
