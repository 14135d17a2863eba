/**
 * CSV as RFC 4180 has it: CRLF after every line, quotes where they are needed, UTF-8 without a byte order mark; and proof
 * against formulas, since a spreadsheet runs what a log's author wrote.
 */
import { UTC, zonedInstant } from '../core/time-zone.ts';
import { cellText, evidenceText } from './cell-text.ts';
import type { Cell, Column, Row, Table } from './document.ts';

/** What makes a spreadsheet take a cell for a formula, or for the start of one after it has dropped spaces: = + - @, their
 * full-width forms, which some programs fold, and controls such as tab and carriage return. */
const FORMULA = /^[\s\p{Cf}\p{Cc}]*[=+\-@\uff1d\uff0b\uff0d\uff20]|^[\s\p{Cf}]*\p{Cc}/u;
const NEEDS_QUOTES = /[",\r\n]|^\s|\s$/u;

/** One field. Text that a spreadsheet might run gets a leading apostrophe; numbers never need one. */
export function csvField(cell: Cell): string {
  if (typeof cell === 'number' || typeof cell === 'boolean') return String(cell);
  const text = cellText(cell);
  // Judged before the escapes, too: a leading tab is shown as \t and is then no longer the tab that it was.
  const isFormula = FORMULA.test(text) || (typeof cell === 'string' && FORMULA.test(cell));
  const safe = isFormula ? `'${text}` : text;
  return NEEDS_QUOTES.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

function valueOf(row: Row, { name, kind }: Column, timeZone: string): Cell {
  const cell = row[name] ?? null;
  if (kind === 'instant' && typeof cell === 'string') return zonedInstant(cell, timeZone);
  return kind === 'evidence' ? evidenceText(cell) : cell;
}

/** The file's text, a line at a time: column names, then the rows in their order; instants as RFC 3339, with the zone's offset. */
export async function* csvTable(table: Table, timeZone: string = UTC): AsyncGenerator<string> {
  yield `${table.columns.map(({ name }) => csvField(name)).join(',')}\r\n`;
  for await (const row of table.rows()) {
    yield `${table.columns.map((column) => csvField(valueOf(row, column, timeZone))).join(',')}\r\n`;
  }
}
