/**
 * A run's end as a person reads it: what it came to, each source, what failed and what to do.
 */
import { inert } from '../../core/inert.ts';
import type { RunEnded } from '../../pipeline/run-job.ts';
import type { Page } from './answer.ts';
import { tableLines } from './table.ts';
import { wrapped } from './width.ts';

/** The document of `run --json`. */
export interface RunDocument extends Omit<RunEnded, 'kind' | 'at'> {
  readonly schema: 'whoran.run/1';
  readonly ended_at: string;
}

export function runDocument({ kind: _kind, at, ...run }: RunEnded): RunDocument {
  return { schema: 'whoran.run/1', ended_at: at, ...run };
}

const LEADS: Readonly<Record<RunEnded['outcome'], string>> = {
  done: 'Run done',
  partial: 'Run done in part',
  failed: 'Run failed',
  interrupted: 'Run interrupted',
  crashed: 'Run crashed',
};

/** The lines of a run, each at most `columns` wide. */
export function runLines(run: RunEnded, page: Page): string[] {
  const { style, columns } = page;
  const colour = run.outcome === 'done' ? style.good : run.outcome === 'failed' ? style.poor : style.fair;
  const lead = `${LEADS[run.outcome]} in ${duration(run)}: ${result(run)}`;
  return [
    ...wrapped(lead, columns).map((line) => colour(style.bold(line))),
    ...sources(run, page),
    ...(run.findings ? ['', `${run.findings.open} findings open, ${run.findings.provisional} provisional.`] : []),
    ...alerts(run, page),
    ...reports(run, page),
    ...failures(run, page),
    '',
    style.dim(`Run ${run.run_id}. Times are UTC.`),
  ];
}

function duration({ began_at: from, at: to }: RunEnded): string {
  const seconds = (Date.parse(to) - Date.parse(from)) / 1000;
  return seconds < 120 ? `${seconds.toFixed(1)} s` : `${Math.floor(seconds / 60)} min`;
}

function result(run: RunEnded): string {
  const fresh = run.sources.reduce((sum, { records }) => sum + records.new, 0);
  if (run.is_changed) return `${fresh} new record${fresh === 1 ? '' : 's'}, published.`;
  if (run.outcome === 'done' || run.outcome === 'partial') return 'nothing new, nothing changed.';
  return 'nothing was published; what was landed is safe, and the next run goes on from it.';
}

function sources(run: RunEnded, page: Page): string[] {
  if (run.sources.length === 0) return [];
  const columns = [
    { title: 'source' }, { title: 'outcome' }, ...['new', 'repeated', 'rejected', 'retries'].map((title) => ({ title, isNumber: true })), { title: 'complete through', least: 20 },
  ];
  const rows = run.sources.map(({ source, outcome, records, retries, complete_through: through }) => [
    inert(source), outcome, String(records.new), String(records.repeated), String(records.rejected), String(retries), (through ?? '').replace('.000Z', 'Z'),
  ]);
  return ['', ...tableLines(columns, rows, page)];
}

/** Who was told, who was not, and why not. */
export function alerts({ alerts: told }: Pick<RunEnded, 'alerts'>, { columns }: Page): string[] {
  if (!told) return [];
  const { sent, pending, dead, held, channels } = told;
  const texts = [
    `Alerts: ${sent} sent${pending > 0 ? `, ${pending} waiting` : ''}${dead > 0 ? `, ${dead} given up` : ''}.`,
    ...(channels ?? []).flatMap(({ channel, pending: left, left_because: why }) => (why === null ? [] : [`${inert(channel, 80)}: ${left} left, ${inert(why, 400)}.`])),
    ...held.map(({ why, findings, channels }) => `Held back for ${inert(channels.join(', '), 200)}: ${findings} finding${findings === 1 ? '' : 's'}, ${inert(why, 300)}.`),
  ];
  return sent + pending + dead + held.length === 0 ? [] : texts.flatMap((text) => wrapped(text, columns));
}

function reports(run: RunEnded, { style }: Page): string[] {
  if (run.reports.length === 0) return [];
  const lines = run.reports.flatMap(({ files, is_new: isNew }) => files.map((file) => `  ${inert(file, 300)}${isNew ? '' : ' (as it was)'}`));
  return ['', style.bold('Reports'), ...lines];
}

function failures(run: RunEnded, { style, columns }: Page): string[] {
  if (run.failures.length === 0) return [];
  const lines = run.failures.flatMap(({ what, stream, message, hint }) => {
    const text = `${inert(what, 80)}${stream === null ? '' : `, ${inert(stream, 80)}`}: ${inert(message, 400)}`;
    return [
      ...wrapped(text, columns - 4).map((line, index) => `${index > 0 ? '    ' : '  '}${line}`),
      ...(hint === null ? [] : wrapped(inert(hint, 400), columns - 4).map((line) => `    ${line}`)),
    ];
  });
  return ['', style.bold('Failed'), ...lines];
}
