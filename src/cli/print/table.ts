/**
 * A small table for a terminal: columns as wide as their longest value, the widest text column cut until the line fits.
 */
import { inert } from '../../core/inert.ts';
import type { Page } from './answer.ts';
import { cut, pad, width } from './width.ts';

export interface TableColumn {
  readonly title: string;
  /** Numbers stand to the right. */
  readonly isNumber?: boolean;
  /** Never cut below this many columns. */
  readonly least?: number;
}

/** The lines of a table, every cell inert. Nothing for no rows. */
export function tableLines(columns: readonly TableColumn[], given: readonly (readonly string[])[], page: Page): string[] {
  if (given.length === 0) return [];
  const rows = given.map((row) => row.map((cell) => inert(cell)));
  const widths = columns.map((column, index) => Math.max(width(column.title), ...rows.map((row) => width(row[index] ?? ''))));
  shrink(widths, columns, page.columns - 2 - 2 * (columns.length - 1));
  const line = (cells: readonly string[]): string =>
    `  ${cells.map((cell, index) => pad(cut(cell, widths[index] ?? 0), widths[index] ?? 0, columns[index]?.isNumber ? 'start' : 'end')).join('  ')}`.trimEnd();
  return [page.style.dim(line(columns.map((column) => column.title))), ...rows.map(line)];
}

/** Takes columns off the widest, again and again, until all fit or none can give more. */
function shrink(widths: number[], columns: readonly TableColumn[], room: number): void {
  let over = widths.reduce((sum, one) => sum + one, 0) - room;
  while (over > 0) {
    const spare = widths.map((one, index) => one - (columns[index]?.isNumber ? one : Math.max(columns[index]?.least ?? 8, 1)));
    const widest = spare.reduce((best, one, index) => (one > 0 && (best < 0 || (widths[index] ?? 0) > (widths[best] ?? 0)) ? index : best), -1);
    if (widest < 0) return;
    widths[widest] = (widths[widest] ?? 0) - 1;
    over -= 1;
  }
}
