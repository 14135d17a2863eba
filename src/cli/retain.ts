/**
 * `whoran retain`: removes what has been kept as long as the configuration says.
 */
import { userInfo } from 'node:os';
import { setTimeout } from 'node:timers/promises';
import type { Command } from 'commander';
import { EXIT, WhoranError } from '../core/errors.ts';
import { inert } from '../core/inert.ts';
import type { Context } from './context.ts';
import type { Retained } from '../pipeline/retain.ts';
import { progressOn } from './progress.ts';

const EXAMPLES = `
By the section \`retention\` of the configuration; without one, nothing is ever removed.
A delivery is due when its last record is older than the days that are given, counted
in whole UTC days. Of landed bytes that go, the ledger's line, the SHA-256 of the whole
and of every record, and the journal's word on who removed them stay: bundles made
before still verify, with --data too. What a hold keeps stays (\`whoran hold\`).

Reports that \`run\` wrote and filed reports (\`retention.reports\`, \`filed_reports\`) go so many
days after they were written: only files that are still what whoran recorded of them. The
record, with each SHA-256, stays, and so do all logs: chained lines are never shortened.

Nothing is removed without --apply. Deleted bytes are in backups made before, and may
lie on the disk until they are overwritten: docs/keeping.md.

Examples:
  $ whoran retain                  (what would go)
  $ whoran retain --apply`;

export function registerRetain(program: Command, context: Context): void {
  program
    .command('retain')
    .description('remove what has been kept long enough, and keep the proofs')
    .option('--apply', 'remove it; without this, only say what would go')
    .option('--dry-run', 'only say what would go (the default)')
    .option('--by <name>', 'who decides, for the journal (this user)')
    .addHelpText('after', EXAMPLES)
    .action(async ({ apply = false, dryRun = false, by }: { readonly apply?: boolean; readonly dryRun?: boolean; readonly by?: string }) => {
      if (apply && dryRun) throw new WhoranError('--apply and --dry-run exclude each other', { exitCode: EXIT.wrongUse, hint: 'Look first, with neither; then give --apply.' });
      const [{ loadConfig }, { applyRetention, previewRetention }, { isRetentionConfigured }] = await Promise.all([
        import('../config/load.ts'), import('../pipeline/apply-retention.ts'), import('../pipeline/retain.ts'),
      ]);
      const config = await loadConfig(context.globals.config);
      if (!isRetentionConfigured(config)) {
        throw new WhoranError('no retention is configured: nothing is ever removed', { exitCode: EXIT.wrongUse, hint: 'Set `retention.landed.days` or others in the configuration (docs/keeping.md).' });
      }
      const progress = progressOn(context);
      try {
        const options = { now: new Date(), by: by ?? userInfo().username, sleep: async (ms: number): Promise<void> => setTimeout(ms), progress: (step: string): void => { progress.step(step); } };
        const retained = await (apply ? applyRetention : previewRetention)(context.globals.data, config, options);
        progress.done();
        if (retained.reports.failed.length > 0) context.exitCode = EXIT.found;
        if (context.globals.json) context.json(retained);
        else context.lines(retainedLines(retained));
      } finally {
        progress.done();
      }
    });
}

/** What retention did or would do, for people. */
export function retainedLines({ is_dry_run: isDryRun, layers, held, journal_seq: line, reports }: Retained): string[] {
  const verb = isDryRun ? 'Would go' : 'Gone';
  const what = { landed: 'landed bytes', database: 'the database' };
  return [
    ...layers.map(({ layer, batches, bytes, by_source: sources, first_at: first, last_at: last }) =>
      `${verb} from ${what[layer]}: ${batches} deliver${batches === 1 ? 'y' : 'ies'}${layer === 'landed' ? ` (${bytes} bytes)` : ''} of ${Object.entries(sources).map(([source, count]) => `${inert(source)} ${count}`).join(', ')}, with records from ${first?.slice(0, 10) ?? '?'} to ${last?.slice(0, 10) ?? '?'}.`),
    ...reports.layers.map(({ layer, reports: count, files, bytes, by_report: ids, first_at: first, last_at: last }) =>
      `${verb} of ${layer === 'reports' ? 'reports that runs wrote' : 'filed reports'}: ${files} file${files === 1 ? '' : 's'} (${bytes} bytes) of ${count} report${count === 1 ? '' : 's'} (${Object.entries(ids).map(([id, number]) => `${inert(id)} ${number}`).join(', ')}), written from ${first?.slice(0, 10) ?? '?'} to ${last?.slice(0, 10) ?? '?'}.`),
    ...(layers.length + reports.layers.length === 0 ? ['Nothing is due.'] : []),
    ...held.map(({ hold, batches }) => `Due and kept by ${inert(hold)}: ${batches} deliver${batches === 1 ? 'y' : 'ies'}.`),
    ...reports.held.map(({ hold, reports: count }) => `Due and kept by ${inert(hold)}: ${count} report${count === 1 ? '' : 's'}.`),
    ...(reports.altered > 0 ? [`Due and left alone: ${reports.altered} file${reports.altered === 1 ? '' : 's'} of reports that ${reports.altered === 1 ? 'is' : 'are'} not as written any more.`] : []),
    ...(reports.unhashed > 0 ? [`Due and left alone: ${reports.unhashed} file${reports.unhashed === 1 ? '' : 's'} of reports by older versions, which recorded no hashes.`] : []),
    ...reports.failed.map(({ path, why }) => `Could not be removed, and will be tried again: ${inert(path, 300)} (${inert(why, 40)}).`),
    ...(reports.journal_seq === null ? [] : [`Line ${reports.journal_seq} of the journal names each file with its SHA-256.`]),
    ...(line === null ? [] : [`Line ${line} of the journal records it. The database is made again from what is left.`]),
    ...(isDryRun && layers.length + reports.layers.length > 0 ? ['Nothing is removed yet: give --apply.'] : []),
  ];
}
