/**
 * `whoran export` and `whoran import`: a data folder as one thing that can be moved, kept and checked.
 */
import type { Command } from 'commander';
import { inert } from '../core/inert.ts';
import type { Context } from './context.ts';
import { progressOn } from './progress.ts';
import { programVersion } from './version.ts';

const EXPORT_EXAMPLES = `
Copies landing: every delivery, the ledger, the journal and the other logs, with a
list of SHA-256. Safe while \`run\` or an ingest is at work: the copy ends with the last
whole line of each log. Every delivery is checked against the ledger on the way; one
that is altered ends it, and nothing is left. The database is not copied: \`import\`
makes it again.

The copy holds what landing holds, session tokens among it: keep it as you keep that.

Examples:
  $ whoran export --out /backup/whoran-2026-01-15
  $ whoran export --out /backup/whoran-2026-01-15.zip`;

const IMPORT_EXAMPLES = `
Checks every hash, every line of every chain and every delivery first, and puts
nothing in place before. The folder (--data) is made; where it is a data folder of the
same beginning, what the export has more is added. Then the database is made again.
Exit code 1: the export is not what it says; nothing is imported.

Examples:
  $ whoran import /backup/whoran-2026-01-15.zip --data ./restored
  $ whoran import /backup/whoran-2026-01-15 --data ./restored --config whoran.yaml`;

export function registerExport(program: Command, context: Context): void {
  program
    .command('export')
    .alias('backup')
    .description('copy the data folder, also while it is written to, each byte checked')
    .requiredOption('--out <path>', 'a folder to make, or a .zip file')
    .addHelpText('after', EXPORT_EXAMPLES)
    .action(async ({ out }: { readonly out: string }) => {
      const { exportData } = await import('../pipeline/export.ts');
      const progress = progressOn(context);
      try {
        const exported = await exportData(context.globals.data, out, { now: new Date(), version: programVersion(), progress: (step) => { progress.step(step); } });
        progress.done();
        if (context.globals.json) context.json(exported);
        else context.lines([
          `${inert(out, 300)}: ${exported.logs['ledger.jsonl'].lines} deliveries, ${exported.files} files, ${exported.bytes} bytes, each checked.`,
          `Its list of files has the SHA-256 ${exported.files_sha256}.`,
        ]);
      } finally {
        progress.done();
      }
    });
}

export function registerImport(program: Command, context: Context): void {
  program
    .command('import <path>')
    .description('make a data folder of an export, every chain and hash checked first')
    .addHelpText('after', IMPORT_EXAMPLES)
    .action(async (path: string) => {
      const [{ loadConfig }, { importData }, { rebuildAfterRemoval }] = await Promise.all([
        import('../config/load.ts'), import('../pipeline/import.ts'), import('../pipeline/apply-retention.ts'),
      ]);
      const config = await loadConfig(context.globals.config);
      const progress = progressOn(context);
      try {
        const imported = await importData(path, context.globals.data, (step) => { progress.step(step); });
        await rebuildAfterRemoval(context.globals.data, config, (step) => { progress.step(step); });
        progress.done();
        if (context.globals.json) context.json(imported);
        else context.lines([
          `${imported.batches - imported.batches_before} deliveries are imported${imported.batches_before > 0 ? ` to the ${imported.batches_before} that were there` : ''}; every chain and hash holds.`,
          'The database is made again. Sources go on from where the export ends: point them here only when nothing else pulls them.',
        ]);
      } finally {
        progress.done();
      }
    });
}
