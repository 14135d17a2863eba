/**
 * `whoran correlate`: brings sessions, chains and findings up to date with what is landed.
 */
import type { Command } from 'commander';
import { inert } from '../core/inert.ts';
import type { UpToDate } from '../pipeline/bring-up-to-date.ts';
import type { Context } from './context.ts';
import { progressOn } from './progress.ts';

const EXAMPLES = `
Without --all, only what new batches touch is computed again; a changed registry or
configuration computes all by itself.

Examples:
  $ whoran correlate
  $ whoran correlate --all`;

export function registerCorrelate(program: Command, context: Context): void {
  program
    .command('correlate')
    .description('bring sessions, chains and findings up to date with what is landed')
    .option('--all', 'compute everything again')
    .addHelpText('after', EXAMPLES)
    .action(async (options: { readonly all?: boolean }) => {
      const { loadConfig } = await import('../config/load.ts');
      const config = await loadConfig(context.globals.config);
      const [{ openWriter }, { stage }, { bringUpToDate }] = await Promise.all([
        import('../store/writer.ts'),
        import('../pipeline/stage.ts'),
        import('../pipeline/bring-up-to-date.ts'),
      ]);
      const progress = progressOn(context);
      const writer = await openWriter(context.globals.data);
      try {
        for (const repair of writer.repairs) context.say(inert(repair));
        await stage(writer, {
          progress: (seq, last) => {
            progress.step(`staging: batch ${seq} of ${last}`);
          },
        });
        const done = await bringUpToDate(writer, config, {
          all: options.all ?? false,
          progress: (step) => {
            progress.step(step);
          },
        });
        await writer.publishAndClose();
        progress.done();
        report(context, done);
      } finally {
        progress.done();
        writer.close();
      }
    });
}

/** Says what a correlation and its detections came to. */
export function upToDateLines({ correlated, detected }: UpToDate): string[] {
  const { sessions, tasks } = correlated;
  return [
    `Correlated ${sessions.computed} of ${sessions.stored} sessions and ${tasks.computed} of ${tasks.stored} tasks${correlated.because === null ? '' : ` (all: ${correlated.because})`}.`,
    `${detected.findings} findings: ${detected.open} open, ${detected.provisional} provisional.`,
  ];
}

function report(context: Context, done: UpToDate): void {
  if (context.globals.json) context.json({ schema: 'whoran.correlate/1', ...done });
  else context.lines(upToDateLines(done));
}
