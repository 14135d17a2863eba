/**
 * A table as HTML: its heading repeats on every printed page, a row never breaks across two, and what it does not show it
 * says.
 */
import type { Column, Row, Table } from './document.ts';
import { cellHtml, countText, instantText, stackHtml } from './html-cell.ts';
import { escapeHtml } from './html-escape.ts';

export interface TableContext {
  /** Words that the glossary defines. */
  readonly terms: ReadonlySet<string>;
  /** How many rows a page shows of one table. */
  readonly rowLimit: number;
  /** The file that holds all rows of this table; null where none is written. */
  readonly fileOf: (table: Table) => string | null;
  readonly asOf: string | null;
  /** An IANA name: in which zone times are shown. */
  readonly timeZone: string;
  /** SHA-256 of the query behind a table. */
  readonly sha256Of: (table: Table) => string;
}

const NUMBERS = new Set(['count', 'share', 'hours', 'seconds']);
/** A table of more columns than this, numbers counted half, is printed across the page. */
const WIDEST_UPRIGHT = 7;
/** A table of so many rows is not broken across printed pages. */
const SHORT = 12;

interface Layout {
  readonly main: readonly { readonly column: Column; readonly under: readonly Column[] }[];
  readonly details: readonly Column[];
}

function layoutOf(columns: readonly Column[]): Layout {
  const shown = columns.filter(({ isData }) => !isData);
  const names = new Set(shown.map(({ name }) => name));
  const standsUnder = ({ under }: Column): boolean => under !== null && names.has(under);
  const main = shown.filter((column) => !standsUnder(column) && !column.isDetail);
  return {
    main: main.map((column) => ({ column, under: shown.filter(({ under }) => under === column.name) })),
    details: shown.filter(({ isDetail }) => isDetail),
  };
}

function headHtml({ main, details }: Layout): string {
  const cells = main.map(({ column, under }) => {
    const also = under.length === 0 ? '' : `<div class="under">${under.map(({ title }) => escapeHtml(title)).join(', ')}</div>`;
    return `<th scope="col"${NUMBERS.has(column.kind) ? ' class="number"' : ''}>${escapeHtml(column.title)}${also}</th>`;
  });
  const lines = details.map(({ title }) => `<tr class="detail"><th colspan="${main.length}" scope="col">${escapeHtml(title)}</th></tr>`);
  return `<thead><tr>${cells.join('')}</tr>${lines.join('')}</thead>`;
}

function rowHtml(row: Row, { main, details }: Layout, { terms, timeZone }: TableContext): string {
  const cells = main.map(({ column, under }) => {
    const holdsIds = under.some(({ kind }) => kind === 'code') ? ' ids' : '';
    const style = NUMBERS.has(column.kind) ? 'number' : column.kind;
    return `<td class="${style}${holdsIds}">${stackHtml(row, column, under, terms, timeZone)}</td>`;
  });
  // Of several lines below a row, none may be taken for another: what is shown, and what is not.
  const named = ({ title, kind }: Column): string => (details.length > 1 && kind !== 'evidence' ? `<span class="name">${escapeHtml(title)}</span>` : '');
  const lines = details.map((column) => `<tr class="detail"><td colspan="${main.length}">${named(column)}${cellHtml(row[column.name] ?? null, column, terms, timeZone)}</td></tr>`);
  return `<tbody><tr>${cells.join('')}</tr>${lines.join('')}</tbody>\n`;
}

/** The line under every table: how many, as of when, from which query. */
function footHtml(table: Table, shown: number, context: TableContext): string {
  const rows = `${countText(table.rowCount)} ${table.rowCount === 1 ? 'row' : 'rows'}`;
  const file = context.fileOf(table);
  const all = file === null ? 'write the report as CSV or JSON to have all of them' : `all of them are in ${escapeHtml(file)}`;
  const cut = shown < table.rowCount ? `<strong>The first ${countText(shown)} of ${rows} are shown here; ${all}.</strong> ` : `${rows}. `;
  const asOf = context.asOf === null ? 'No source is landed.' : `As of ${escapeHtml(instantText(context.asOf, context.timeZone))}.`;
  return `<p class="foot">${cut}${asOf} Query <a href="#query-${escapeHtml(table.id)}">${escapeHtml(table.id)}</a>, SHA-256 <code>${escapeHtml(context.sha256Of(table).slice(0, 16))}…</code></p>\n`;
}

/** What a table counts: plain text, in which names of the program stand between backticks. */
function aboutHtml(description: string): string {
  return escapeHtml(description.replace(/\s+/g, ' ').trim()).replace(/`([^`]+)`/g, '<code>$1</code>');
}

/** The table in pieces, with its picture above it where it has one. Reads no more rows than it shows. */
export async function* htmlTable(table: Table, context: TableContext, figure = ''): AsyncGenerator<string> {
  const layout = layoutOf(table.columns);
  const weight = layout.main.reduce((sum, { column }) => sum + (NUMBERS.has(column.kind) ? 0.5 : 1), 0);
  const isWide = weight > WIDEST_UPRIGHT;
  // A short table stands on one printed page.
  const isShort = table.rowCount <= SHORT && layout.details.length === 0;
  yield `<div class="table${isWide ? ' wide' : ''}${isShort ? ' short' : ''}" id="table-${escapeHtml(table.id)}">\n`;
  yield `<h3>${escapeHtml(table.title)}</h3>\n<p class="about">${aboutHtml(table.description)}</p>\n${figure}`;
  let shown = 0;
  if (table.rowCount === 0) yield '<p class="empty">None.</p>\n';
  else {
    yield `<div class="scroll"><table>${headHtml(layout)}\n`;
    for await (const row of table.rows()) {
      if (shown === context.rowLimit) break;
      yield rowHtml(row, layout, context);
      shown += 1;
    }
    yield '</table></div>\n';
  }
  yield `${footHtml(table, shown, context)}</div>\n`;
}
