/**
 * `--known-at T`: the data folder as of what had been landed then, for every command that has the option.
 */
import type { Context } from './context.ts';
import { withReader, withReaderOf, type CommandReader } from './data.ts';

/** Reads what is published; with `knownAt`, what would have been had nothing been landed since. */
export async function withReaderKnownAt<Result>(context: Context, knownAt: Date | undefined, work: (reader: CommandReader) => Promise<Result>): Promise<Result> {
  return knownAt === undefined ? withReader(context, work) : withReaderOf(await folderKnownAt(context, knownAt), work);
}

async function folderKnownAt(context: Context, knownAt: Date): Promise<string> {
  const [{ buildKnownAt }, { loadConfig }, { progressOn }] = await Promise.all([
    import('../pipeline/known-at.ts'),
    import('../config/load.ts'),
    import('./progress.ts'),
  ]);
  const progress = progressOn(context);
  try {
    return await buildKnownAt(context.globals.data, knownAt, await loadConfig(context.globals.config), (step) => {
      progress.step(step);
    });
  } finally {
    progress.done();
  }
}
