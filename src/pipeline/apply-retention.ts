/**
 * Retention as a command does it: plan, remove, and make the database again from what is left.
 */
import type { Config } from '../config/config.ts';
import { openReader } from '../store/reader.ts';
import { openWriter } from '../store/writer.ts';
import { bringUpToDate } from './bring-up-to-date.ts';
import { rebuild } from './rebuild.ts';
import { retain, type Retained, type RetainOptions } from './retain.ts';
import { stage } from './stage.ts';

/** What would be removed now, by what is published. Works beside a writer. */
export async function previewRetention(dataDir: string, config: Config, options: Omit<RetainOptions, 'isDryRun'>): Promise<Retained> {
  const reader = await openReader(dataDir);
  try {
    return await retain({ dataDir, db: reader.db, landing: reader.landing }, config, { ...options, isDryRun: true });
  } finally {
    reader.close();
  }
}

/**
 * Removes what is due, and publishes a database without it.
 * @throws WriterBusyError (exit 3) where somebody else writes; WhoranError where a batch that is due is altered
 */
export async function applyRetention(dataDir: string, config: Config, options: Omit<RetainOptions, 'isDryRun'>): Promise<Retained> {
  const progress = options.progress ?? ((): void => undefined);
  const writer = await openWriter(dataDir);
  let retained: Retained;
  try {
    await stage(writer);
    retained = await retain(writer, config, options);
  } finally {
    writer.close();
  }
  if (retained.journal_seq !== null) await rebuildAfterRemoval(dataDir, config, progress);
  return retained;
}

/** Makes the database again from what is left in landing, and publishes it; nothing of the one before is kept. */
export async function rebuildAfterRemoval(dataDir: string, config: Config, progress: (step: string) => void): Promise<void> {
  const writer = await rebuild(dataDir, { progress: (seq, last) => { progress(`staging: batch ${seq} of ${last}`); } });
  try {
    await bringUpToDate(writer, config, { all: true, progress });
    await writer.publishAndClose();
  } finally {
    writer.close();
  }
}
