/**
 * `whoran rebuild`: makes the database again from the landed batches.
 */
import type { Command } from 'commander';
import { inert } from '../core/inert.ts';
import type { Context } from './context.ts';
import { upToDateLines } from './correlate.ts';
import { removedLines } from './print/removed.ts';
import { progressOn } from './progress.ts';

const EXAMPLES = `
Needed after an update that says so; harmless at any other time. Readers see the old
database until the new one is whole.

Example:
  $ whoran rebuild`;

export function registerRebuild(program: Command, context: Context): void {
  program
    .command('rebuild')
    .description('make the database again from the landed batches')
    .addHelpText('after', EXAMPLES)
    .action(async () => {
      const { loadConfig } = await import('../config/load.ts');
      const config = await loadConfig(context.globals.config);
      const [{ rebuild }, { bringUpToDate }] = await Promise.all([import('../pipeline/rebuild.ts'), import('../pipeline/bring-up-to-date.ts')]);
      const progress = progressOn(context);
      try {
        const writer = await rebuild(context.globals.data, {
          progress: (seq, last) => {
            progress.step(`staging: batch ${seq} of ${last}`);
          },
        });
        try {
          for (const repair of writer.repairs) context.say(inert(repair));
          const done = await bringUpToDate(writer, config, {
            all: true,
            progress: (step) => {
              progress.step(step);
            },
          });
          const removed = writer.landing.removals.counts;
          const { staged_through_seq: batches } = await writer.publishAndClose();
          progress.done();
          if (context.globals.json) context.json({ schema: 'whoran.rebuild/1', batches, removed, ...done });
          else context.lines([`Made again from ${batches - removed.retained - removed.left_out} batches.`, ...removedLines(removed), ...upToDateLines(done)]);
        } finally {
          writer.close();
        }
      } finally {
        progress.done();
      }
    });
}
