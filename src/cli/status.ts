/**
 * `whoran status`: how far each source is landed, and what could not be read.
 */
import type { Command } from 'commander';
import type { Context } from './context.ts';
import { withReader } from './data.ts';

const EXAMPLES = `
Examples:
  $ whoran status
  $ whoran status --rejects`;

export function registerStatus(program: Command, context: Context): void {
  program
    .command('status')
    .description('show per source how far it is landed and what was rejected, the size of the data folder, and the last run')
    .option('--rejects', 'list every record that could not be read, and why')
    .addHelpText('after', EXAMPLES)
    .action(async (options: { readonly rejects?: boolean }) => {
      const { status } = await import('../answers/status.ts');
      const found = await withReader(context, (reader) => status(reader, { now: new Date(), rejects: options.rejects ?? false }));
      if (context.globals.json) {
        context.json(found);
        return;
      }
      const { statusLines } = await import('./print/status.ts');
      context.lines(statusLines(found, context.page));
    });
}
