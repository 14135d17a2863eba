/**
 * `whoran coverage`: the share of ECS actions and tasks that are traced.
 */
import type { Command } from 'commander';
import type { Context } from './context.ts';
import { withReader } from './data.ts';
import { readPeriod, withPeriod, type PeriodOptions } from './period.ts';

interface Options extends PeriodOptions {
  readonly list?: boolean;
}

const EXAMPLES = `
Counted are the ECS actions that change something, and the tasks. Traced means
that an identity is known and that its sign-in holds.

Examples:
  $ whoran coverage --from 2026-01-01 --to 2026-01-31
  $ whoran coverage --list --json`;

export function registerCoverage(program: Command, context: Context): void {
  withPeriod(program.command('coverage').description('count which share of ECS actions and tasks is traced, and why the rest is not'))
    .option('--list', 'list the rows behind the numbers')
    .addHelpText('after', EXAMPLES)
    .action(async (options: Options) => {
      const period = readPeriod(options);
      const [{ coverage }, { removedFrom }] = await Promise.all([import('../answers/coverage.ts'), import('../answers/removed.ts')]);
      const found = await withReader(context, (reader) => coverage(reader, { ...period, list: options.list ?? false, removed: removedFrom(reader.dataDir) }));
      if (context.globals.json) {
        context.json(found);
        return;
      }
      const { coverageLines } = await import('./print/coverage.ts');
      context.lines(coverageLines(found, context.page));
    });
}
