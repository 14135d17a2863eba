/**
 * `whoran ingest --source ID…`: pulls configured live sources.
 */
import { EXIT, WhoranError } from '../core/errors.ts';
import { inert } from '../core/inert.ts';
import { parseTime } from '../core/times.ts';
import type { PullOptions, SourceResult } from '../pipeline/pull.ts';
import type { Context } from './context.ts';
import { upToDateLines } from './correlate.ts';
import { progressOn } from './progress.ts';

export interface IngestSourcesRun {
  readonly ids: readonly string[];
  readonly since: string | undefined;
  readonly until: string | undefined;
  readonly correlate: boolean;
}

/** Pulls, lands, stages, correlates, publishes, then says what it came to. */
export async function runIngestSources(context: Context, run: IngestSourcesRun): Promise<void> {
  const { loadConfig } = await import('../config/load.ts');
  const config = await loadConfig(context.globals.config);
  const [{ openWriter }, { configuredSources, ingestSources }, { bringUpToDate }, { realEffects }] = await Promise.all([
    import('../store/writer.ts'),
    import('../pipeline/ingest-sources.ts'),
    import('../pipeline/bring-up-to-date.ts'),
    import('../pipeline/effects.ts'),
  ]);
  const backfill = backfillOf(run, realEffects.now());
  const sources = await configuredSources(context.globals.data, config, run.ids);
  const progress = progressOn(context);
  const interrupt = new AbortController();
  const onSignal = (): void => { interrupt.abort(new Error('interrupted')); };
  process.once('SIGINT', onSignal).once('SIGTERM', onSignal);
  const writer = await openWriter(context.globals.data);
  try {
    const result = await ingestSources(writer, sources, config, {
      signal: interrupt.signal,
      effects: realEffects,
      ...(backfill ? { backfill } : {}),
      progress: (source, event) => {
        if (event.kind === 'progress') progress.step(`${source}: ${inert(event.message)}`);
        if (event.kind === 'retry') progress.step(`${source}: ${event.operation}: ${inert(event.reason)}; again in ${Math.ceil(event.waitMs / 1000)} s`);
        if (event.kind === 'landed') progress.step(`${source}: ${inert(event.stream)}`);
      },
      staging: (seq, last) => { progress.step(`staging: batch ${seq} of ${last}`); },
    });
    const done = run.correlate ? await bringUpToDate(writer, config, { progress: (step) => { progress.step(step); } }) : undefined;
    await writer.publishAndClose();
    progress.done();
    for (const source of result.sources) sayProblems(context, source);
    if (context.globals.json) context.json(result);
    else {
      const { ingestSourcesLines } = await import('./print/ingest-sources.ts');
      const after = done === undefined ? ['', 'Not correlated yet: run `whoran correlate`.'] : ['', ...upToDateLines(done)];
      context.lines([...ingestSourcesLines(result, context.page), ...after]);
    }
    if (result.sources.some(({ outcome }) => outcome !== 'ok')) context.exitCode = EXIT.found;
  } finally {
    process.removeListener('SIGINT', onSignal).removeListener('SIGTERM', onSignal);
    progress.done();
    writer.close();
  }
}

/** What went wrong with a source, on standard error, each with what to do about it. */
export function sayProblems(context: Context, source: SourceResult): void {
  for (const { stream, message, hint } of source.failures) {
    context.say(`${source.id}${stream === '' ? '' : `, ${inert(stream)}`}: ${inert(message, 500)}`);
    if (hint !== undefined) context.say(`  ${inert(hint, 500)}`);
  }
  for (const warning of source.warnings) context.say(`${source.id}: warning: ${inert(warning, 500)}`);
}

function backfillOf(run: IngestSourcesRun, now: Date): PullOptions['backfill'] {
  if (run.since === undefined) {
    if (run.until === undefined) return undefined;
    throw new WhoranError('--until: only with --since', { exitCode: EXIT.wrongUse, hint: 'Say where the backfill begins: --since 2026-01-01.' });
  }
  const from = parseTime(run.since, '--since');
  const to = run.until === undefined ? now : parseTime(run.until, '--until', { wholeDay: true });
  if (to <= from) throw new WhoranError('--until is not later than --since', { exitCode: EXIT.wrongUse, hint: 'Give an earlier --since.' });
  return { from, to };
}
