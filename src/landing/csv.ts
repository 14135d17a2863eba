/**
 * CSV as RFC 4180 has it, cut by bytes so that a row's own text can be hashed and found again. Rows end with a line
 * feed, with or without a carriage return; a quoted field may hold separators, line breaks and doubled quotes.
 */

const QUOTE = 0x22;
const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;

/** A quoted field that runs on for more than this is taken for a quote that does not close. */
export const LONGEST_ROW_BYTES = 16 * 1024 * 1024;

/** Where a row lies, its line ending left out; `closed` is false where a quoted field does not end. */
export interface CsvRow {
  readonly start: number;
  readonly end: number;
  readonly closed: boolean;
}

/**
 * Rows from `from` on; empty lines are left out. A row whose quotes do not close ends at its first line break, and the
 * next row begins there, so that one stray quote costs one row.
 */
export function* csvRows(bytes: Buffer, from: number, separator: number): Generator<CsvRow> {
  let at = from;
  while (at < bytes.length) {
    const end = rowEnd(bytes, at, separator);
    const closed = end !== undefined;
    let stop = end ?? firstLineEnd(bytes, at);
    const next = stop + 1;
    if (stop > at && bytes[stop - 1] === CARRIAGE_RETURN) stop--;
    if (stop > at) yield { start: at, end: stop, closed };
    at = next;
  }
}

function firstLineEnd(bytes: Buffer, at: number): number {
  const found = bytes.indexOf(LINE_FEED, at);
  return found === -1 ? bytes.length : found;
}

/** Position of the line feed that ends the row, or of the end; undefined where a quoted field does not close properly. */
function rowEnd(bytes: Buffer, at: number, separator: number): number | undefined {
  const limit = Math.min(bytes.length, at + LONGEST_ROW_BYTES);
  let atFieldStart = true;
  for (let i = at; i < limit; i++) {
    const byte = bytes[i];
    if (byte === LINE_FEED) return i;
    if (byte === QUOTE && atFieldStart) {
      // Only a quote that opens a field encloses it; elsewhere it is a character.
      const close = closingQuote(bytes, i, limit);
      if (close === undefined) return undefined;
      const after = bytes[close + 1];
      if (close + 1 < bytes.length && after !== separator && after !== LINE_FEED && after !== CARRIAGE_RETURN) return undefined;
      i = close;
    }
    atFieldStart = byte === separator;
  }
  return limit === bytes.length ? limit : undefined;
}

/** Position of the quote that closes the field opened at `open`; a doubled quote is one of its characters. */
function closingQuote(bytes: Buffer, open: number, limit: number): number | undefined {
  for (let at = bytes.indexOf(QUOTE, open + 1); at !== -1 && at < limit; at = bytes.indexOf(QUOTE, at + 2)) {
    if (bytes[at + 1] !== QUOTE) return at;
  }
  return undefined;
}

/** The fields of one closed row, unquoted, as text. `separator` is a byte. */
export function csvFields(row: Buffer, separator: number): string[] {
  const fields: string[] = [];
  for (let at = 0; at <= row.length; ) {
    const isQuoted = row[at] === QUOTE;
    const contentEnd = isQuoted ? (closingQuote(row, at, row.length) ?? row.length) : separatorAt(row, at, separator);
    fields.push(isQuoted ? row.toString('utf8', at + 1, contentEnd).replaceAll('""', '"') : row.toString('utf8', at, contentEnd));
    at = (isQuoted ? separatorAt(row, contentEnd, separator) : contentEnd) + 1;
  }
  return fields;
}

function separatorAt(row: Buffer, from: number, separator: number): number {
  const found = row.indexOf(separator, from);
  return found === -1 ? row.length : found;
}
