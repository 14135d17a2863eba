/**
 * `whoran diff`: what changed between two bundles of one report.
 */
import type { Command } from 'commander';
import { EXIT, WhoranError } from '../core/errors.ts';
import type { Context } from './context.ts';
import { progressOn } from './progress.ts';
import { publicKeyOption } from './public-key.ts';

interface Options {
  readonly table?: string[];
  readonly limit: string;
  readonly out?: string;
  readonly key?: string;
}

const EXAMPLES = `
Both bundles are verified first. What they were asked for (period, accounts, teams, time zone)
is compared before anything else. Of one period (a report and its correction): which rows are
new, gone or changed, cell by cell. Of two periods: how the numbers moved; items such as calls
and sessions are other ones then, and only counted. Exit code 0 whether or not they differ, 1
where a bundle is altered.

Examples:
  $ whoran diff ./january.bundle.zip ./february.bundle.zip --key signer.pub
  $ whoran diff ./filed.bundle ./corrected.bundle --table rpt_traceability_rows --out changes.csv`;

export function registerDiff(program: Command, context: Context): void {
  program
    .command('diff')
    .description('say what changed between two evidence bundles of one report')
    .argument('<before>', 'the earlier bundle’s folder, or its zip')
    .argument('<after>', 'the later one’s')
    .option('--table <id...>', 'only these tables')
    .option('--limit <count>', 'rows told of each table, 0 for all', '20')
    .option('--out <file>', 'a CSV file to write all changes to')
    .option('--key <file>', 'the signer’s public key (PEM), had from elsewhere')
    .addHelpText('after', EXAMPLES)
    .action(async (before: string, after: string, { table, limit, out, key }: Options) => {
      const request = { before, after, limit: limitOf(limit), key: await publicKeyOption(key), ...(table ? { tables: table } : {}), ...(out === undefined ? {} : { out }) };
      const { diffBundles } = await import('../pipeline/bundle-diff.ts');
      const progress = progressOn(context);
      try {
        const diff = await diffBundles({ ...request, progress: (step) => { progress.step(step); } });
        progress.done();
        if (context.globals.json) {
          context.json(diff);
          return;
        }
        const { diffLines } = await import('./print/diff.ts');
        context.lines(diffLines(diff, context.page));
      } finally {
        progress.done();
      }
    });
}

function limitOf(text: string): number {
  if (/^\d{1,7}$/.test(text)) return Number(text);
  throw new WhoranError(`--limit: ${JSON.stringify(text.slice(0, 20))} is no count`, { exitCode: EXIT.wrongUse, hint: 'Give a whole number; 0 tells all.' });
}
