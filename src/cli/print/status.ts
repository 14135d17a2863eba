/**
 * Status as a person reads it: the sources, the gaps, the deliveries, the sizes.
 */
import type { Status } from '../../answers/status.ts';
import { inert } from '../../core/inert.ts';
import type { Page } from './answer.ts';
import { removedLines, removedReportLines } from './removed.ts';
import { recordNotes } from './alerts.ts';
import { tableLines } from './table.ts';
import { wrapped } from './width.ts';

const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];

/** Bytes in the unit in which they have up to four digits. */
export function size(bytes: number): string {
  let unit = 0;
  let value = bytes;
  while (value >= 1024 && unit < UNITS.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return `${unit === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${UNITS[unit] ?? 'B'}`;
}

/** A stretch of time in its largest unit. */
export function lag(seconds: number | null): string {
  if (seconds === null) return '';
  if (seconds < 120) return `${seconds} s`;
  if (seconds < 7200) return `${Math.floor(seconds / 60)} min`;
  return seconds < 172_800 ? `${Math.floor(seconds / 3600)} h` : `${Math.floor(seconds / 86_400)} d`;
}

function sourceName({ source, tenant_id: tenant, sign_in_kind: kind }: { source: string; tenant_id: string | null; sign_in_kind: string | null }): string {
  return inert([source, kind, tenant === null ? null : `${tenant.slice(0, 8)}…`].filter((part) => part !== null).join(' '));
}

/** The lines of a status, each at most `columns` wide. */
export function statusLines(status: Status, page: Page): string[] {
  const { style, columns } = page;
  const sources = [{ title: 'source' }, { title: 'complete through', least: 20 }, { title: 'lag', isNumber: true }, { title: 'records', isNumber: true }];
  const forms = [{ title: 'form' }, ...['read', 'new', 'repeated', 'rejected', 'set aside'].map((title) => ({ title, isNumber: true }))];
  const counts = status.forms.map((form) => [inert(form.form), ...[form.read, form.new, form.repeated, form.rejected, form.set_aside].map(String)]);
  return [
    ...wrapped(`${inert(status.data, 300)}: ${status.batches} batches landed, last brought up to date ${status.published_at}.`, columns).map((line) => style.bold(line)),
    ...[...removedLines(status.removed), ...removedReportLines(status.removed_reports)].flatMap((line) => wrapped(line, columns)),
    '',
    ...tableLines(sources, status.sources.map((source) => [sourceName(source), source.complete_through ?? '', lag(source.lag_seconds), String(source.records)]), page),
    ...(status.gaps.length === 0 ? [] : ['', style.bold('Never landed'), ...status.gaps.map((gap) => style.fair(`  ${gap.name === null ? sourceName(gap) : `${inert(gap.source.replace('_', ' '))} ${inert(gap.name)}`}`))]),
    ...live(status, page),
    ...lastRun(status, page),
    ...channels(status, page),
    ...(counts.length === 0 ? [] : ['', style.bold('Delivered'), ...tableLines(forms, counts, page)]),
    ...rejects(status, page),
    '',
    style.dim(`${size(status.store.landing_bytes)} landed, ${size(status.store.database_bytes)} of database (${status.store.events} calls in ${status.store.event_files} files).`),
  ];
}

function live({ live: sources }: Status, page: Page): string[] {
  if (sources.length === 0) return [];
  const columns = [{ title: 'live source' }, { title: 'pulled', isNumber: true }, { title: 'complete through', least: 20 }, { title: 'lag', isNumber: true }];
  const rows = sources.map((one) => [inert(one.source), one.cursor_age_seconds === null ? 'never' : `${lag(one.cursor_age_seconds)} ago`, one.complete_through ?? '', lag(one.lag_seconds)]);
  const errors = sources.flatMap(({ source, last_error: error, last_success_at: success }) => {
    if (!error) return [];
    const since = success !== null && Date.parse(success) > Date.parse(error.at) ? ` It was pulled whole since, at ${success}.` : '';
    const text = `${inert(source)}${error.stream === null ? '' : `, ${inert(error.stream, 80)}`}, ${error.at}: ${inert(error.message, 300)}.${since}`;
    return [...indented(text, page), ...(error.hint === null || since !== '' ? [] : indented(inert(error.hint, 300), page))];
  });
  return ['', ...tableLines(columns, rows, page), ...(errors.length === 0 ? [] : ['', page.style.bold('Last errors'), ...errors])];
}

function lastRun({ last_run: run }: Status, page: Page): string[] {
  if (!run) return [];
  const colour = run.outcome === 'done' ? page.style.good : run.outcome === 'failed' || run.outcome === 'crashed' ? page.style.poor : page.style.fair;
  const what = run.outcome === 'unfinished' ? `began ${run.began_at}: it goes on, or was killed` : `ended ${run.ended_at ?? ''}: ${run.outcome}${run.outcome === 'done' && !run.is_changed ? ', nothing new' : ''}`;
  const failed = [...new Set(run.failures.map((failure) => failure.what))];
  return [
    '',
    page.style.bold('Last run'),
    ...indented(`${what}${failed.length === 0 ? '' : `; failed: ${failed.map((name) => inert(name, 80)).join(', ')}`}`, page).map(colour),
    ...(run.ping_failure === null ? [] : indented(`ping: ${inert(run.ping_failure, 200)}`, page)),
  ];
}

function channels({ channels: told }: Status, page: Page): string[] {
  if (told.length === 0) return [];
  const columns = [{ title: 'channel' }, ...['sent', 'waiting', 'given up', 'held back'].map((title) => ({ title, isNumber: true })), { title: 'last sent', least: 20 }];
  const rows = told.map((one) => [
    inert(one.channel), String(one.sent), String(one.waiting), String(one.dead), String(one.held_back.reduce((sum, { findings }) => sum + findings, 0)), one.last_sent_at ?? 'never',
  ]);
  const notes = told.flatMap((one) => [...recordNotes(one), ...one.held_back.map(({ why, findings }) => `${inert(one.channel)}: ${findings} held back: ${inert(why, 300)}`)]);
  return ['', ...tableLines(columns, rows, page), ...notes.flatMap((note) => indented(note, page))];
}

function indented(text: string, { columns }: Page): string[] {
  return wrapped(text, columns - 4).map((line, index) => `${index > 0 ? '    ' : '  '}${line}`);
}

function rejects(status: Status, { style, columns, commandOptions }: Page): string[] {
  if (!status.rejects) return status.totals.rejected === 0 ? [] : ['', ...wrapped(`${status.totals.rejected} record${status.totals.rejected === 1 ? '' : 's'} could not be read: whoran status --rejects${commandOptions} lists them.`, columns)];
  if (status.rejects.length === 0) return ['', 'Every record could be read.'];
  const lines = status.rejects.flatMap((reject) => {
    const place = `${inert(reject.file, 300)}${reject.record === null ? '' : `, record ${reject.record}`}`;
    return wrapped(`${place}: ${inert(reject.reason, 400)}`, columns - 4, { isWhole: true }).map((line, index) => `${index > 0 ? '    ' : '  '}${line}`);
  });
  return ['', style.bold('Rejected'), ...lines];
}
