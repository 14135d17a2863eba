/**
 * `whoran ingest PATH…` and `ingest --source ID…`: log files or what live sources deliver in, answers brought up to date.
 */
import { Option, type Command } from 'commander';
import { EXIT, WhoranError } from '../core/errors.ts';
import { inert } from '../core/inert.ts';
import type { UpToDate } from '../pipeline/bring-up-to-date.ts';
import type { IngestResult } from '../pipeline/ingest-result.ts';
import type { Context } from './context.ts';
import { upToDateLines } from './correlate.ts';
import { progressOn, type Progress } from './progress.ts';

const EXAMPLES = `
Forms are told apart by content: CloudTrail objects, JSON lines, LookupEvents output,
CloudWatch Logs and EventBridge events, Graph pages and lines, Log Analytics rows and
their CSV exports, diagnostic-settings lines; plain or gzip. Folders are walked. What
is landed already is counted as repeated. Exit code 1 means that a file could not be
read; the others are in.

With --source, configured live sources are pulled from where they stopped. A backfill
(--since, --until) pulls just that time and leaves their cursors where they are. Exit
code 1 means that a source failed, in whole or in part; what the others gave is in.

Examples:
  $ whoran ingest ./trail ./sign-ins.csv
  $ whoran ingest ./logs --no-correlate
  $ whoran ingest ./logs --json
  $ whoran ingest --source trail --source entra
  $ whoran ingest --source entra --since 2026-01-01 --until 2026-02-01`;

const REGISTRY_FIELDS =
  'A registry has issuer, audience, subject, tenant_id and object_id, and optionally name and kind: as columns of a CSV, or as members of JSON objects.';

export function registerIngest(program: Command, context: Context): void {
  program
    .command('ingest')
    .description('land log files, or pull configured sources, and bring all answers up to date')
    .argument('[path...]', 'files and folders')
    .option('--source <id...>', 'pull these sources of the configuration instead of reading files')
    .option('--since <time>', 'with --source: pull from here on, and leave cursors alone')
    .option('--until <time>', 'with --source and --since: up to here (now)')
    .addOption(new Option('--no-correlate', 'land and stage only; correlate later'))
    .addHelpText('after', EXAMPLES)
    .action(async (paths: string[], options: IngestOptions) => {
      if (options.source !== undefined) {
        if (paths.length > 0) throw wrongUse('--source: give either sources or files, not both', 'Run `whoran ingest` once for each.');
        const { runIngestSources } = await import('./ingest-sources.ts');
        await runIngestSources(context, { ids: options.source, since: options.since, until: options.until, correlate: options.correlate });
        return;
      }
      if (options.since !== undefined || options.until !== undefined) throw wrongUse('--since, --until: only with --source', 'Files are landed whole.');
      if (paths.length === 0) throw wrongUse('nothing to ingest: no path and no --source', 'Try `whoran ingest ./logs`, or `whoran help ingest`.');
      await runIngest(context, paths, { correlate: options.correlate });
    });
}

interface IngestOptions {
  readonly correlate: boolean;
  readonly source?: string[];
  readonly since?: string;
  readonly until?: string;
}

function wrongUse(message: string, hint: string): WhoranError {
  return new WhoranError(message, { exitCode: EXIT.wrongUse, hint });
}

export interface IngestRun {
  /** The files are identity registries, not logs. */
  readonly registry?: boolean;
  /** Whether sessions, chains and findings are brought up to date too. */
  readonly correlate?: boolean;
}

/** Lands, stages, correlates, detects and publishes, then says what it came to. */
export async function runIngest(context: Context, paths: readonly string[], run: IngestRun): Promise<void> {
  const progress = progressOn(context);
  try {
    const { result, done } = await ingestInto(context.globals.data, context.globals.config, paths, run, progress);
    progress.done();
    if (context.globals.json) {
      context.json(result);
      for (const { path, reason } of result.unreadable) context.say(`could not be read: ${inert(path, 300)} (${inert(reason)})`);
    } else {
      await print(context, result, done);
    }
    if (run.registry === true && result.totals.rejected > 0) context.say(REGISTRY_FIELDS);
    if (result.unreadable.length > 0) context.exitCode = EXIT.found;
  } finally {
    progress.done();
  }
}

/** The work of `runIngest`, without a word on standard output. */
export async function ingestInto(
  dataDir: string,
  configFile: string | undefined,
  paths: readonly string[],
  run: IngestRun,
  progress: Progress,
): Promise<{ result: IngestResult; done: UpToDate | undefined }> {
  const { loadConfig } = await import('../config/load.ts');
  const config = await loadConfig(configFile);
  const [{ openWriter }, { ingest }, { bringUpToDate }] = await Promise.all([
    import('../store/writer.ts'),
    import('../pipeline/ingest.ts'),
    import('../pipeline/bring-up-to-date.ts'),
  ]);
  const { size } = await import('./print/status.ts');
  const writer = await openWriter(dataDir);
  try {
    const result = await ingest(writer, paths, {
      isRegistry: run.registry ?? false,
      progress: ({ files, totalFiles, bytes, totalBytes }) => {
        progress.step(`reading: ${files} of ${totalFiles} files, ${size(bytes)} of ${size(totalBytes)}`);
      },
    });
    const done =
      run.correlate === false
        ? undefined
        : await bringUpToDate(writer, config, {
            progress: (step) => {
              progress.step(step);
            },
          });
    await writer.publishAndClose();
    return { result, done };
  } finally {
    writer.close();
  }
}

async function print(context: Context, result: IngestResult, done: UpToDate | undefined): Promise<void> {
  const { ingestLines } = await import('./print/ingest.ts');
  const after = done === undefined ? ['', 'Not correlated yet: run `whoran correlate`.'] : ['', ...upToDateLines(done)];
  context.lines([...ingestLines(result, context.page), ...after]);
}
