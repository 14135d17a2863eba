/**
 * Correlate and detect: what follows every change of what is staged or configured.
 */
import type { Config } from '../config/config.ts';
import type { Database } from '../engine/database.ts';
import { correlate, type CorrelateResult } from './correlate.ts';
import { detect, type DetectResult } from './detect.ts';

export interface UpToDate {
  readonly correlated: CorrelateResult;
  readonly detected: DetectResult;
}

export interface UpToDateOptions {
  /** Compute everything again, whatever is new. */
  readonly all?: boolean;
  /** Told each step as it begins. */
  readonly progress?: (step: string) => void;
}

/** Brings sessions, chains and findings up to date in a writer's database. The caller publishes. */
export async function bringUpToDate(writer: { readonly db: Database }, config: Config, options: UpToDateOptions = {}): Promise<UpToDate> {
  const progress = options.progress ?? ((): void => undefined);
  const correlated = await correlate(writer.db, config, {
    all: options.all ?? false,
    progress: (step) => {
      progress(`correlating: ${step}`);
    },
  });
  progress('detecting');
  return { correlated, detected: await detect(writer, config) };
}
