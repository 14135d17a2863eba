/**
 * Opening the data folder for a command. The store is loaded only when it is needed.
 */
import { join } from 'node:path';
import type { StatusReader } from '../answers/status.ts';
import type { AnswerReader } from '../answers/reader.ts';
import { EXIT, WhoranError } from '../core/errors.ts';
import { REPORT_MEMORY } from '../pipeline/report-memory.ts';
import type { ReaderOptions } from '../store/reader.ts';
import type { Context } from './context.ts';

/**
 * For a command that reads very much: within `REPORT_MEMORY` where that will do, and what memory does not hold in a folder below `folder`, which the
 * engine makes and removes. Not beside the database, where DuckDB would put it: there a writer clears up.
 */
export function spillingInto(folder: string): ReaderOptions {
  return { temporaryDirectory: join(folder, `.spill-${process.pid}`), memoryLimit: REPORT_MEMORY, isLimitSoft: true };
}

export type CommandReader = AnswerReader & StatusReader;

/**
 * Opens the last published state of the data folder, does `work` with it, and closes it.
 * @throws WhoranError where nothing is published, or where it was ingested and never correlated
 */
export async function withReader<Result>(context: Context, work: (reader: CommandReader) => Promise<Result>, options?: ReaderOptions): Promise<Result> {
  return withReaderOf(context.globals.data, work, options);
}

/** As `withReader`, of a folder that isn't the command's own: a demo's, or a cut-off copy. */
export async function withReaderOf<Result>(dataDir: string, work: (reader: CommandReader) => Promise<Result>, options?: ReaderOptions): Promise<Result> {
  const { openReader } = await import('../store/reader.ts');
  const reader = await openReader(dataDir, options);
  try {
    return await work({
      db: reader.db,
      dataDir,
      manifest: reader.manifest,
      batches: () => reader.landing.batches(),
      landing: { readMember: async (batchSeq, member) => Promise.resolve(reader.landing.unpackMember(batchSeq, member)) },
    });
  } catch (error) {
    if (error instanceof WhoranError || (await isCorrelated(reader.db))) throw error;
    throw new WhoranError(`${dataDir}: records are landed, and nothing is correlated yet`, { exitCode: EXIT.wrongUse, hint: 'Run `whoran correlate`.', cause: error });
  } finally {
    reader.close();
  }
}

async function isCorrelated(db: CommandReader['db']): Promise<boolean> {
  const { answerRow } = await import('../answers/reader.ts');
  return (await answerRow<{ is_there: boolean }>({ db }, 'has_correlated_tables'))?.is_there ?? false;
}
