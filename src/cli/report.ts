/**
 * `whoran report`: lists the reports, or runs one.
 */
import type { Command } from 'commander';
import { EXIT, WhoranError } from '../core/errors.ts';
import { inert } from '../core/inert.ts';
import type { Context } from './context.ts';
import { withReader } from './data.ts';
import { readPeriod, withPeriod, type PeriodOptions } from './period.ts';
import { progressOn } from './progress.ts';

interface Options extends PeriodOptions {
  readonly out?: string;
}

const EXAMPLES = `
Examples:
  $ whoran report list
  $ whoran report traceability --from 2026-01-01 --to 2026-01-31 --out ./january`;

export function registerReport(program: Command, context: Context): void {
  withPeriod(program.command('report').description('write a report, or list the reports there are').argument('<id>', 'a report\'s id, or list'))
    .option('--out <folder>', 'where to write it; made where it is missing')
    .addHelpText('after', EXAMPLES)
    .action(async (id: string, options: Options) => {
      await (id === 'list' ? list(context) : run(context, id, options));
    });
}

async function list(context: Context): Promise<void> {
  const { listReports } = await import('../pipeline/report.ts');
  const reports = await listReports();
  if (context.globals.json) {
    context.json({ schema: 'whoran.reports/1', reports });
    return;
  }
  const { tableLines } = await import('./print/table.ts');
  const rows = reports.map((report) => [report.id, inert(report.title), report.formats.join(', ')]);
  context.lines(tableLines([{ title: 'report' }, { title: 'title' }, { title: 'formats' }], rows, context.page));
}

async function run(context: Context, id: string, options: Options): Promise<void> {
  const { from, to } = readPeriod(options);
  const { out: outDir } = options;
  if (!from || !to || outDir === undefined) {
    throw new WhoranError('a report needs --from, --to and --out', {
      exitCode: EXIT.wrongUse,
      hint: `For example: whoran report ${inert(id, 40)} --from 2026-01-01 --to 2026-01-31 --out ./january`,
    });
  }
  const { runReport } = await import('../pipeline/report.ts');
  const progress = progressOn(context);
  try {
    const result = await withReader(context, (reader) =>
      runReport(reader, id, {
        from,
        to,
        outDir,
        dataDir: context.globals.data,
        now: new Date(),
        progress: (step) => {
          progress.step(step);
        },
      }),
    );
    progress.done();
    if (context.globals.json) context.json({ schema: 'whoran.report-run/1', ...result });
    else context.lines([`${inert(result.title)}, ${result.from} to ${result.to}, as of ${result.as_of ?? 'nothing landed'}:`, ...result.files.map((file) => `  ${inert(file.path, 300)}`)]);
  } finally {
    progress.done();
  }
}
