/**
 * Values of a table as HTML. Everything that comes out of a row passes through `escapeHtml`; tags, classes and link targets
 * are ours alone.
 */
import { UTC, zonedText } from '../core/time-zone.ts';
import { cellText, evidenceOf, type EvidenceCell } from './cell-text.ts';
import type { Cell, Column, Row } from './document.ts';
import { escapeHtml } from './html-escape.ts';

/** How sure, and what stands out, told by shape before colour, so that it survives a copier. */
const MARKS: Readonly<Record<string, string>> = { proved: '●', asserted: '◐', inferred: '○', not_traced: '✕', not_yet_due: '…' };

/** An id of so many characters, such as an account's, is not broken across lines. */
const SHORT = 14;

/** 1234567 as 1,234,567. */
export function countText(count: number): string {
  return String(count).replace(/\B(?=(\d{3})+(?!\d))/g, ',');
}

/** A fraction in per cent with one decimal. What is not all is never rounded to 100, and what is not nothing never to 0. */
export function shareText(share: number): string {
  const rounded = (share * 100).toFixed(1);
  if (share < 1 && rounded === '100.0') return '> 99.9%';
  if (share > 0 && rounded === '0.0') return '< 0.1%';
  return `${rounded}%`;
}

/** Hours as days and hours. */
export function hoursText(hours: number): string {
  const whole = Math.floor(hours);
  const days = Math.floor(whole / 24);
  return days === 0 ? `${whole} h` : `${days} d ${whole % 24} h`;
}

/** Seconds, to the tenth below a minute; then as minutes, hours and days. */
export function secondsText(seconds: number): string {
  const size = Math.abs(seconds);
  const sign = seconds < 0 ? '−' : '';
  if (size < 60) return `${sign}${Math.round(size * 10) / 10} s`;
  if (size < 3600) return `${sign}${Math.floor(size / 60)} min ${Math.floor(size % 60)} s`;
  if (size < 24 * 3600) return `${sign}${Math.floor(size / 3600)} h ${Math.floor((size % 3600) / 60)} min`;
  return `${sign}${hoursText(size / 3600)}`;
}

/** An RFC 3339 UTC instant, a little easier on the eye, and as the zone's clock shows it; anything else as it stands. */
export function instantText(text: string, timeZone: string = UTC): string {
  return zonedText(text, timeZone);
}

/** The id of a glossary entry. Terms are words of ours; an id holds nothing else. */
export function termId(term: string): string {
  return `term-${term.toLowerCase().replace(/[^a-z0-9]+/g, '-').replace(/^-|-$/g, '')}`;
}

function termHtml(text: string, terms: ReadonlySet<string>): string {
  const mark = MARKS[text];
  const shown = `${mark === undefined ? '' : `<span class="mark" aria-hidden="true">${mark}</span> `}${escapeHtml(text).replaceAll('_', '_<wbr>')}`;
  return terms.has(text) ? `<a href="#${termId(text)}">${shown}</a>` : shown;
}

/** A value as plain text of its kind, for prose. */
export function valueText(cell: Cell, column: Column, timeZone: string = UTC): string {
  if (cell === null) return '–';
  if (typeof cell === 'number' && column.kind === 'count') return countText(cell);
  if (typeof cell === 'number' && column.kind === 'share') return shareText(cell);
  if (typeof cell === 'number' && column.kind === 'hours') return hoursText(cell);
  if (typeof cell === 'number' && column.kind === 'seconds') return secondsText(cell);
  if (typeof cell === 'string' && column.kind === 'instant') return instantText(cell, timeZone);
  return cellText(cell);
}

/** A value as HTML. `terms` are the words that the report's glossary defines. */
export function cellHtml(cell: Cell, column: Column, terms: ReadonlySet<string>, timeZone: string = UTC): string {
  if (cell === null || cell === '') return '<span class="none">–</span>';
  if (column.kind === 'term' && typeof cell === 'string') return termHtml(cell, terms);
  if (column.kind === 'evidence') return evidenceHtml(evidenceOf(cell));
  const text = escapeHtml(valueText(cell, column, timeZone));
  if (column.kind !== 'code') return text;
  // A long id breaks where its parts do, before it breaks anywhere.
  return text.length <= SHORT ? `<code class="short">${text}</code>` : `<code>${text.replace(/\/(?=.)/g, '/<wbr>')}</code>`;
}

function evidenceHtml(evidence: readonly EvidenceCell[]): string {
  if (evidence.length === 0) return '<span class="none">–</span>';
  const items = evidence.map(
    ({ hop, source, record_id: id, sha256 }) =>
      `<li><span class="hop">${escapeHtml(hop)}</span> ${escapeHtml(source)} <code>${escapeHtml(id)}</code> <code class="hash">${sha256 === '' ? 'not found in landing' : escapeHtml(sha256)}</code></li>`,
  );
  return `<ol class="evidence">${items.join('')}</ol>`;
}

/** The cell of a column with those that stand under it. */
export function stackHtml(row: Row, column: Column, under: readonly Column[], terms: ReadonlySet<string>, timeZone: string = UTC): string {
  const below = under
    .filter(({ name }) => row[name] !== null && row[name] !== undefined && row[name] !== '')
    .map((lower) => `<div class="under">${cellHtml(row[lower.name] ?? null, lower, terms, timeZone)}</div>`);
  return cellHtml(row[column.name] ?? null, column, terms, timeZone) + below.join('');
}
