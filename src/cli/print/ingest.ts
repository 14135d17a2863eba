/**
 * What an ingest came to, as a person reads it: counts by form, what could not be read, and the first rejects.
 */
import { inert } from '../../core/inert.ts';
import type { IngestResult } from '../../pipeline/ingest-result.ts';
import type { Page } from './answer.ts';
import { tableLines } from './table.ts';
import { wrapped } from './width.ts';

/** Rejects shown; the rest are counted. */
const SHOWN_REJECTS = 10;

/** What the system's error codes mean for a path. */
const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file or folder',
  EACCES: 'it may not be read: give yourself the right to, and try again',
  EISDIR: 'it is a folder',
  EIO: 'the disk could not read it',
};

/** The lines of an ingest, each at most `columns` wide. */
export function ingestLines(result: IngestResult, page: Page): string[] {
  const { style } = page;
  const { totals } = result;
  return [
    ...result.repairs.flatMap((repair) => wrapped(inert(repair, 300), page.columns)),
    style.bold(`${result.files} file${result.files === 1 ? '' : 's'}: ${totals.read} records read, ${totals.new} new.`),
    ...countLines(result, page),
  ];
}

/** Counts by form, and what could not be read or was not for reading. */
export function countLines(result: IngestResult, page: Page): string[] {
  const counts = [...['read', 'new', 'repeated', 'rejected', 'set aside'].map((title) => ({ title, isNumber: true }))];
  const rows = result.forms.map((form) => [inert(form.form), ...[form.read, form.new, form.repeated, form.rejected, form.set_aside].map(String)]);
  return [
    ...(rows.length === 0 ? [] : ['', ...tableLines([{ title: 'form' }, ...counts], rows, page)]),
    ...unreadable(result, page),
    ...rejects(result, page),
    ...setAside(result, page),
  ];
}

function bullet(text: string, { columns }: Page): string[] {
  return wrapped(text, columns - 4, { isWhole: true }).map((line, index) => `${index > 0 ? '    ' : '  '}${line}`);
}

function unreadable({ unreadable: files, files: read }: IngestResult, page: Page): string[] {
  if (files.length === 0) return [];
  const lines = files.flatMap(({ path, reason }) => bullet(`${inert(path, 300)}: ${REASONS[reason] ?? inert(reason)}`, page));
  return ['', page.style.bold(`${files.length} could not be read${read > 0 ? '; the others are in' : ''}`), ...lines];
}

function rejects({ rejects: all, totals }: IngestResult, page: Page): string[] {
  if (all.length === 0) return [];
  const shown = all.slice(0, SHOWN_REJECTS).flatMap(({ file, record, reason }) => bullet(`${inert(file, 300)}${record === null ? '' : `, record ${record}`}: ${inert(reason, 400)}`, page));
  const more = all.length > SHOWN_REJECTS ? [`  … and ${all.length - SHOWN_REJECTS} more: whoran status --rejects${page.commandOptions} lists all`] : [];
  return ['', page.style.bold(`${totals.rejected} rejected; they stay in landing, and everything else is in`), ...shown, ...more];
}

function setAside({ totals }: IngestResult, page: Page): string[] {
  return totals.set_aside === 0 ? [] : ['', ...wrapped(`${totals.set_aside} set aside: digests, their public keys and Insights files are landed, and no calls.`, page.columns)];
}
