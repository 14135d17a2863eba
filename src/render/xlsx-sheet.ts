/**
 * A sheet of a workbook as SpreadsheetML (ECMA-376, part 1, section 18.3), in pieces: rows of a table, or plain lines. Text is always a string
 * in its cell: nothing that a log's author wrote can be a formula, a link or a number.
 */
import { UTC, zonedInstant, zoneOffsetMs } from '../core/time-zone.ts';
import { cellText, evidenceText } from './cell-text.ts';
import type { Cell, Column, Row } from './document.ts';

/** Rows of a sheet, the heading among them. */
export const SHEET_ROWS = 1_048_576;
/** Characters of a cell (Excel's limit). */
const LONGEST = 32_767;

/** Cell formats, by their place in `cellXfs` of styles.xml (`xlsx.ts`). */
export const STYLE = { plain: 0, heading: 1, instant: 2, share: 3, count: 4, text: 5, quoted: 6 } as const;

/** What a spreadsheet would take for a formula when somebody edits the cell: such text carries the apostrophe that keeps it text. */
const FORMULA = /^\s*[=+\-@\uff1d\uff0b\uff0d\uff20]/;
/** What Excel reads as an escaped character, where it stands in text of its own. */
const ESCAPE = /_(?=x[0-9A-Fa-f]{4}_)/g;
const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };

/** Text for XML 1.0. `cellText` has made controls, and halves of characters, visible before. */
export function escapeXml(text: string): string {
  return text.replace(/[&<>"]/g, (character) => ENTITIES[character] ?? character);
}

/** A column's letters: 0 is A, 26 is AA. */
export function columnLetters(index: number): string {
  const rest = Math.floor(index / 26);
  return `${rest > 0 ? columnLetters(rest - 1) : ''}${String.fromCharCode(65 + (index % 26))}`;
}

function textCell(place: string, whole: string, style: number): string {
  if (whole === '') return '';
  const cut = whole.length > LONGEST ? `${whole.slice(0, LONGEST - 80).replace(/[\ud800-\udbff]$/, '')}… (cut here: ${whole.length} characters; CSV and JSON have all of them)` : whole;
  const text = escapeXml(cut.replace(ESCAPE, '_x005F_'));
  return `<c r="${place}" s="${FORMULA.test(cut) ? STYLE.quoted : style}" t="inlineStr"><is><t xml:space="preserve">${text}</t></is></c>`;
}

/** Spreadsheets keep 15 digits, and would show a longer number as another one. */
const GREATEST = 999_999_999_999_999;
/** 1900-03-01, before which programs count differently, and 10000-01-01, from which they have no dates. */
const FIRST_DAY = 61;
const END_DAY = 2_958_466;

/** Days since 1899-12-30, as spreadsheets count them: UTC. Null for what is no instant, or none that they can show. */
export function serialDay(instant: string): number | null {
  const day = Date.parse(instant) / 86_400_000 + 25_569;
  return day >= FIRST_DAY && day < END_DAY ? day : null;
}

const NUMBER_STYLES: Readonly<Partial<Record<Column['kind'], number>>> = { share: STYLE.share, count: STYLE.count };

/** Cell formats beyond `STYLE`: an instant with its offset from UTC, from 12 hours behind to 14 ahead in quarters of an hour. */
export const OFFSETS: readonly number[] = Array.from({ length: 4 * 26 + 1 }, (_, index) => (index - 48) * 900_000);
const FIRST_OFFSET = 7;

/** An instant as the zone's clock shows it: a date that spreadsheets count with, shown with its offset. Null for what they cannot show. */
function zonedCell(place: string, instant: string, timeZone: string): string | null {
  const ms = Date.parse(instant);
  if (Number.isNaN(ms)) return null;
  const offset = zoneOffsetMs(timeZone, ms);
  const style = OFFSETS.indexOf(offset);
  const day = serialDay(new Date(ms + offset).toISOString());
  return style < 0 || day === null ? null : `<c r="${place}" s="${FIRST_OFFSET + style}"><v>${day}</v></c>`;
}

function valueCell(place: string, cell: Cell, { kind }: Pick<Column, 'kind'>, timeZone: string): string {
  if (cell === null) return '';
  if (kind === 'evidence') return textCell(place, evidenceText(cell), STYLE.text);
  if (typeof cell === 'number' && Math.abs(cell) <= GREATEST) return `<c r="${place}" s="${NUMBER_STYLES[kind] ?? STYLE.plain}"><v>${cell}</v></c>`;
  if (typeof cell === 'boolean') return `<c r="${place}" t="b"><v>${cell ? 1 : 0}</v></c>`;
  if (kind === 'instant' && typeof cell === 'string' && timeZone !== UTC) return zonedCell(place, cell, timeZone) ?? textCell(place, zonedInstant(cell, timeZone), STYLE.text);
  const day = kind === 'instant' && typeof cell === 'string' ? serialDay(cell) : null;
  return day === null ? textCell(place, cellText(cell), STYLE.text) : `<c r="${place}" s="${STYLE.instant}"><v>${day}</v></c>`;
}

const WIDTHS: Readonly<Partial<Record<Column['kind'], number>>> = { instant: 20, count: 12, share: 10, hours: 10, seconds: 12, term: 16, code: 38, evidence: 60 };

const HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">';

/** Titles that stand over the columns; where two are the same, the column's name tells them apart. */
export function headings(columns: readonly Column[]): string[] {
  return columns.map(({ title, name }) => (columns.filter((other) => other.title === title).length > 1 ? `${title} (${name})` : title));
}

/** A table's rows, or a part of them: the heading stays in view, and filters. */
export async function* tableSheet(columns: readonly Column[], rows: AsyncIterable<Row>, rowCount: number, timeZone: string = UTC): AsyncGenerator<string> {
  const last = columnLetters(Math.max(0, columns.length - 1));
  yield `${HEAD}<sheetViews><sheetView workbookViewId="0"><pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" state="frozen"/></sheetView></sheetViews>`;
  yield `<cols>${columns.map(({ kind }, index) => `<col min="${index + 1}" max="${index + 1}" width="${kind === 'instant' && timeZone !== UTC ? 27 : (WIDTHS[kind] ?? 24)}" customWidth="1"/>`).join('')}</cols><sheetData>`;
  yield `<row r="1">${headings(columns).map((title, index) => textCell(`${columnLetters(index)}1`, title, STYLE.heading)).join('')}</row>`;
  const letters = columns.map((_, index) => columnLetters(index));
  let place = 1;
  for await (const row of rows) {
    place += 1;
    yield `<row r="${place}">${columns.map((column, index) => valueCell(`${letters[index] ?? ''}${place}`, row[column.name] ?? null, column, timeZone)).join('')}</row>`;
  }
  yield `</sheetData>${columns.length === 0 ? '' : `<autoFilter ref="A1:${last}${rowCount + 1}"/>`}</worksheet>`;
}

/** Lines of cells without a heading; the first cell of each is bold. */
export function* linesSheet(lines: readonly (readonly string[])[], widths: readonly number[]): Generator<string> {
  yield `${HEAD}<cols>${widths.map((width, index) => `<col min="${index + 1}" max="${index + 1}" width="${width}" customWidth="1"/>`).join('')}</cols><sheetData>`;
  for (const [index, cells] of lines.entries()) {
    yield `<row r="${index + 1}">${cells.map((text, column) => textCell(`${columnLetters(column)}${index + 1}`, cellText(text), column === 0 ? STYLE.heading : STYLE.text)).join('')}</row>`;
  }
  yield '</sheetData></worksheet>';
}
