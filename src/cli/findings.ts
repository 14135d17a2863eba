/**
 * `whoran findings`: what the detections found.
 */
import type { Command } from 'commander';
import type { Context } from './context.ts';
import { withReader } from './data.ts';
import { readPeriod, withPeriod, type PeriodOptions } from './period.ts';

interface Options extends PeriodOptions {
  readonly detection?: string;
  readonly status?: string;
}

const EXAMPLES = `
Provisional findings may still vanish when late records come.

Examples:
  $ whoran findings --from 2026-01-01 --status open
  $ whoran findings --detection session_without_sign_in --json`;

export function registerFindings(program: Command, context: Context): void {
  withPeriod(program.command('findings').description('list what the detections found'))
    .option('--detection <id>', 'of this detection only')
    .option('--status <status>', 'provisional, open, acknowledged, resolved or suppressed')
    .addHelpText('after', EXAMPLES)
    .action(async (options: Options) => {
      const filter = {
        ...readPeriod(options),
        ...(options.detection === undefined ? {} : { detection: options.detection }),
        ...(options.status === undefined ? {} : { status: options.status }),
      };
      const { findings } = await import('../answers/findings.ts');
      const found = await withReader(context, (reader) => findings(reader, filter));
      if (context.globals.json) {
        context.json(found);
        return;
      }
      const { findingsLines } = await import('./print/findings.ts');
      context.lines(findingsLines(found, context.page));
    });
}
