/**
 * The last look before a redacted report leaves: every file is read, and none may hold a name that the data folder has for a person.
 */
import { createReadStream } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { basename, dirname, join, sep } from 'node:path';
import { createInterface } from 'node:readline';
import { openPromise } from 'yauzl';
import { EXIT, WhoranError } from '../core/errors.ts';
import { inert } from '../core/inert.ts';
import type { Database } from '../engine/database.ts';
import { literal, quoted } from '../engine/sql-text.ts';
import type { PeopleNames } from './people-names.ts';

/** The program's own files: their words are what makes a name an ordinary word (`PeopleNames`). */
const PROGRAM = 'program/';
/** Made of the rows that are scanned themselves, and of the program's own words, which a name that is one plain word may be. */
const RENDERED = /^(?:report\/.*\.(?:html|txt|xlsx)|README\.txt|[^/]*\.(?:html|txt|xlsx))$/;
/** How much of a workbook's part is held at once, where no row ends before. */
const LONGEST_ROW = 1 << 24;

/**
 * Scans every file below `folder`. A workbook's parts are unpacked; a PDF is looked at before it is printed (`scanPage`), since afterwards nothing
 * here can read its text.
 * @param db reads Parquet
 * @throws WhoranError that names file, line or column, where one holds a name; the name is not repeated
 */
export async function scanForPeople(db: Database, folder: string, names: PeopleNames): Promise<void> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1).split(sep).join('/'));
  for (const file of files.sort()) {
    if (file.startsWith(PROGRAM)) continue;
    const inName = names.in(file);
    if (inName !== undefined) throw found(file, 'in its name');
    if (file.endsWith('.pdf')) continue;
    if (file.endsWith('.parquet')) await scanParquet(db, folder, file, names);
    else if (file.endsWith('.xlsx')) await scanWorkbook(folder, file, names);
    else await scanText(folder, file, names);
  }
}

async function scanParquet(db: Database, folder: string, file: string, names: PeopleNames): Promise<void> {
  const path = literal(join(folder, file));
  const columns = await db.all<{ column_name: string; column_type: string }>(`select column_name, column_type from (describe select * from read_parquet(${path}))`);
  for (const { column_name: column, column_type: type } of columns) {
    if (!type.includes('VARCHAR')) continue;
    const text = type === 'VARCHAR' ? quoted(column) : `cast(to_json(${quoted(column)}) as varchar)`;
    for await (const rows of db.stream<{ value: string }>(`select distinct ${text} as value from read_parquet(${path}) where ${quoted(column)} is not null`)) {
      if (rows.some(({ value }) => holds(value, names) !== undefined)) throw found(file, `column ${column}`);
    }
  }
}

/** Scans the page that a PDF is printed from. @throws WhoranError as `scanForPeople` does */
export async function scanPage(page: string, names: PeopleNames): Promise<void> {
  await scanText(dirname(page), basename(page), names);
}

/** Each part of a workbook, row by row. */
async function scanWorkbook(folder: string, file: string, names: PeopleNames): Promise<void> {
  const zip = await openPromise(join(folder, file), { autoClose: false });
  try {
    for await (const entry of zip.eachEntry()) {
      let row = 0;
      for await (const text of rowsOf(await zip.openReadStreamPromise(entry))) {
        row += 1;
        const name = holds(text, names);
        if (name !== undefined && !isPlainWord(name)) throw found(file, `${entry.fileName}, row ${row}`);
      }
    }
  } finally {
    zip.close();
  }
}

/** The text of a workbook's part, cut where its rows end: a sheet of a million rows is one line. */
async function* rowsOf(stream: AsyncIterable<Buffer>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let held = '';
  for await (const bytes of stream) {
    held += decoder.decode(bytes, { stream: true });
    const pieces = held.split('</row>');
    held = pieces.pop() ?? '';
    yield* pieces;
    if (held.length > LONGEST_ROW) throw new Error('a workbook has a row that is longer than any row of a report');
  }
  yield held;
}

async function scanText(folder: string, file: string, names: PeopleNames): Promise<void> {
  const isRendered = RENDERED.test(file);
  let line = 0;
  for await (const text of createInterface({ input: createReadStream(join(folder, file)), crlfDelay: Infinity })) {
    line += 1;
    const name = holds(text, names);
    if (name === undefined || (isRendered && isPlainWord(name))) continue;
    throw found(file, file.endsWith('.jsonl') ? `line ${line}${memberWith(text, names)}` : `line ${line}`);
  }
}

const isPlainWord = (name: string): boolean => /^\p{L}+$/u.test(name);

/** In which member of a row the name stands. */
function memberWith(text: string, names: PeopleNames): string {
  try {
    const member = Object.entries(JSON.parse(text) as Record<string, unknown>).find(([, value]) => holds(JSON.stringify(value), names) !== undefined);
    return member ? `, column ${member[0]}` : '';
  } catch {
    return '';
  }
}

/** A name in a text: as it stands, or as JSON, a quoted string, a page or an address writes it. */
function holds(text: string, names: PeopleNames): string | undefined {
  return names.in(text) ?? [...spellings(text)].map((one) => names.in(one)).find((name) => name !== undefined);
}

function* spellings(text: string): Generator<string> {
  if (text.includes('\\')) {
    const plain = unescaped(text);
    yield plain;
    if (plain.includes('\\')) yield unescaped(plain);
  }
  if (text.includes('&')) {
    const decoded = text.replace(/&#x([0-9a-fA-F]+);/g, (whole, hex: string) => character(parseInt(hex, 16), whole)).replace(/&#(\d+);/g, (whole, code: string) => character(Number(code), whole));
    yield decoded.replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&quot;', '"').replaceAll('&apos;', "'").replaceAll('&amp;', '&');
  }
  if (text.includes('_x005F_')) yield text.replaceAll('_x005F_', '_');
  if (text.includes('""')) yield text.replaceAll('""', '"');
  if (/%[0-9a-fA-F]{2}/.test(text)) yield text.replace(/%([0-9a-fA-F]{2})/g, (_, hex: string) => String.fromCharCode(parseInt(hex, 16)));
}

/** As JSON reads it. */
function unescaped(text: string): string {
  return text.replace(/\\u([0-9a-fA-F]{4})/g, (_, hex: string) => String.fromCharCode(parseInt(hex, 16))).replace(/\\(["\\/])/g, '$1');
}

/** The character of a number; a number that is none, which anybody may write into a session name, stays as it stands. */
function character(code: number, whole: string): string {
  return code > 0 && code <= 0x10ffff ? String.fromCodePoint(code) : whole;
}

function found(file: string, where: string): WhoranError {
  return new WhoranError(`a person's name stands in ${inert(file, 300)}, ${inert(where, 200)}`, {
    exitCode: EXIT.found,
    hint: 'Nothing was signed or written. Names are listed in queries/bundles/people.sql; a column that is missing there, or a name in the report’s own words, must be taken in.',
  });
}
