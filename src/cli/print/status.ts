/**
 * Status as a person reads it: the sources, the gaps, the deliveries, the sizes.
 */
import type { Status } from '../../answers/status.ts';
import { inert } from '../../core/inert.ts';
import type { Page } from './answer.ts';
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
    '',
    ...tableLines(sources, status.sources.map((source) => [sourceName(source), source.complete_through ?? '', lag(source.lag_seconds), String(source.records)]), page),
    ...(status.gaps.length === 0 ? [] : ['', style.bold('Never landed'), ...status.gaps.map((gap) => style.fair(`  ${sourceName(gap)}`))]),
    ...(counts.length === 0 ? [] : ['', style.bold('Delivered'), ...tableLines(forms, counts, page)]),
    ...rejects(status, page),
    '',
    style.dim(`${size(status.store.landing_bytes)} landed, ${size(status.store.database_bytes)} of database (${status.store.events} calls in ${status.store.event_files} files).`),
  ];
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
