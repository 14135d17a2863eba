/**
 * A report as a workbook: a sheet about it, a sheet about its columns, and one a table. Sheets are written as their rows are read, so a million
 * rows cost no memory; that is why this is here and no library's (DECISIONS.md). A table that one sheet cannot hold goes on in further ones.
 */
import { createWriteStream } from 'node:fs';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { ZipFile } from 'yazl';
import { offsetText, UTC, zonedInstant } from '../core/time-zone.ts';
import { cellText } from './cell-text.ts';
import type { ReportDocument, Row, Table } from './document.ts';
import { correctionLines, filingFacts } from './filing.ts';
import { aboutIn, parameterFacts, periodIn } from './parameters.ts';
import { escapeXml, linesSheet, OFFSETS, SHEET_ROWS, tableSheet } from './xlsx-sheet.ts';

/** The earliest date that a zip can hold: the workbook's parts carry no clock's trace. */
const DATE = new Date(1980, 0, 1);
const XML = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n';
const OFFICE = 'http://schemas.openxmlformats.org/officeDocument/2006/relationships';
const PACKAGE = 'http://schemas.openxmlformats.org/package/2006';
/** A sheet's name has at most so many characters. */
const NAME_LENGTH = 31;
/** Rows in one piece of a stream. */
const ROWS_A_PIECE = 200;

interface Sheet {
  readonly name: string;
  readonly pieces: () => AsyncIterable<string> | Iterable<string>;
}

/** Writes the workbook to `path`, where there is nothing yet. `sheetRows` is how many rows a sheet may have, its heading among them. */
export async function writeXlsx(document: ReportDocument, path: string, sheetRows = SHEET_ROWS): Promise<void> {
  const sheets = sheetsOf(document, sheetRows);
  const zip = new ZipFile();
  const faulty = new AbortController();
  const written = pipeline(zip.outputStream, createWriteStream(path, { flags: 'wx' }), { signal: faulty.signal });
  let fault: unknown;
  const fail = (error: unknown): void => {
    fault ??= error;
    faulty.abort();
  };
  zip.on('error', fail);
  const add = (name: string, pieces: () => AsyncIterable<string> | Iterable<string>): void => {
    zip.addReadStreamLazy(name, { mtime: DATE, forceDosTimestamp: true, mode: 0o100644 }, (give) => {
      // yazl does not listen to what it reads from: unheard, a fault would end the process, and the file wait for ever.
      give(null, Readable.from(gathered(pieces()), { objectMode: false }).once('error', fail));
    });
  };
  add('[Content_Types].xml', () => [contentTypes(sheets)]);
  add('_rels/.rels', () => [relations([['officeDocument', 'xl/workbook.xml'], ['core', 'docProps/core.xml']])]);
  add('docProps/core.xml', () => [coreProperties(document)]);
  add('xl/workbook.xml', () => [workbook(sheets)]);
  add('xl/_rels/workbook.xml.rels', () => [relations([...sheets.map((_, index): [string, string] => ['worksheet', `worksheets/sheet${index + 1}.xml`]), ['styles', 'styles.xml']])]);
  add('xl/styles.xml', () => [document.parameters.timeZone === UTC ? STYLES : zonedStyles()]);
  for (const [index, { pieces }] of sheets.entries()) add(`xl/worksheets/sheet${index + 1}.xml`, pieces);
  zip.end();
  try {
    await written;
  } catch (error) {
    throw fault ?? error;
  }
}

async function* gathered(pieces: AsyncIterable<string> | Iterable<string>): AsyncGenerator<Buffer> {
  let held: string[] = [];
  for await (const piece of pieces) {
    held.push(piece);
    if (held.length < ROWS_A_PIECE) continue;
    yield Buffer.from(held.join(''));
    held = [];
  }
  if (held.length > 0) yield Buffer.from(held.join(''));
}

/** Names are taken from what tells the tables apart, with the report's own word left out, and end in a number where a table needs several sheets. */
function sheetsOf(document: ReportDocument, sheetRows: number): Sheet[] {
  const most = sheetRows - 1;
  const taken = new Set(['about', 'columns']);
  const parts = [...document.tables.values()].flatMap((table) => {
    const base = table.id.replace(`rpt_${document.id.replaceAll('-', '_')}_`, '').replace(/^rpt_/, '');
    const count = Math.max(1, Math.ceil(table.rowCount / most));
    return Array.from({ length: count }, (_, part) => ({ table, part, name: freeName(count === 1 ? base : `${base} ${part + 1}`, taken), rows: Math.min(most, table.rowCount - part * most) }));
  });
  return [
    { name: 'About', pieces: () => linesSheet(aboutLines(document, parts), [26, 40, 14, 100]) },
    { name: 'Columns', pieces: () => linesSheet(columnLines(document), [34, 26, 26, 100]) },
    ...parts.map(({ table, part, name, rows }) => ({ name, pieces: () => tableSheet(table.columns, slice(table, part * most, rows), rows, document.parameters.timeZone) })),
  ];
}

function freeName(wanted: string, taken: Set<string>): string {
  let name = wanted.slice(0, NAME_LENGTH);
  for (let number = 2; taken.has(name.toLowerCase()); number += 1) name = `${wanted.slice(0, NAME_LENGTH - 4)} ${number}`;
  taken.add(name.toLowerCase());
  return name;
}

async function* slice(table: Table, from: number, count: number): AsyncGenerator<Row> {
  let place = 0;
  for await (const row of table.rows()) {
    if (place >= from + count) return;
    if (place >= from) yield row;
    place += 1;
  }
}

function aboutLines(document: ReportDocument, parts: readonly { readonly table: Table; readonly name: string; readonly rows: number }[]): string[][] {
  const { title, id, asOf, runAt, runBy, program, controls, definition, filedAs, parameters } = document;
  const period = periodIn(document);
  const at = (instant: string): string => zonedInstant(instant, parameters.timeZone);
  return [
    ['Report', title, id], ['From (included)', period.from], ['To (not included)', period.to], ...parameterFacts(document),
    ['Holds as of', asOf === null ? 'no source is landed' : at(asOf)], ...filingFacts(document), ['Run at', at(runAt)], ['Run by', runBy], ['Program', `${program.name} ${program.version}`],
    ['Definition', definition.file, '', `SHA-256 ${definition.sha256}`],
    ...controls.map((control, index) => [index === 0 ? 'Gives evidence for' : '', control.id, '', control.name]),
    ...(filedAs?.corrects ? [[], ['What changed since the report that this one corrects'], ...correctionLines(filedAs.corrects).map(([name, value]) => ['', name, '', value])] : []),
    [], ['Sheet', 'Holds', 'Rows', 'What it counts, and what it cannot see'],
    ...parts.map(({ table, name, rows }) => [name, table.title, String(rows), table.description]),
    [], ['How to read it', 'Cells that begin like a formula are text. What a log wrote is shown with every hidden character as an escape.'],
  ];
}

function columnLines({ tables, parameters }: ReportDocument): string[][] {
  return [['Table', 'Column', 'Name in CSV and JSON', 'Means'], ...[...tables.values()].flatMap((table) => table.columns.map((column) => [table.title, column.title, column.name, aboutIn(column, parameters.timeZone)]))];
}

function contentTypes(sheets: readonly Sheet[]): string {
  const type = 'application/vnd.openxmlformats-officedocument.spreadsheetml';
  const parts = [['/xl/workbook.xml', `${type}.sheet.main+xml`], ['/xl/styles.xml', `${type}.styles+xml`], ['/docProps/core.xml', 'application/vnd.openxmlformats-package.core-properties+xml'], ...sheets.map((_, index) => [`/xl/worksheets/sheet${index + 1}.xml`, `${type}.worksheet+xml`])];
  return `${XML}<Types xmlns="${PACKAGE}/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" ContentType="application/xml"/>${parts.map(([name, kind]) => `<Override PartName="${name}" ContentType="${kind}"/>`).join('')}</Types>`;
}

function relations(targets: readonly (readonly [kind: string, target: string])[]): string {
  const typeOf = (kind: string): string => (kind === 'core' ? `${PACKAGE}/relationships/metadata/core-properties` : `${OFFICE}/${kind}`);
  return `${XML}<Relationships xmlns="${PACKAGE}/relationships">${targets.map(([kind, target], index) => `<Relationship Id="r${index + 1}" Type="${typeOf(kind)}" Target="${target}"/>`).join('')}</Relationships>`;
}

function coreProperties({ title, period, runBy, runAt }: ReportDocument): string {
  const text = escapeXml(cellText(`${title}, ${period.from} to ${period.to}`));
  return `${XML}<cp:coreProperties xmlns:cp="${PACKAGE}/metadata/core-properties" xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:dcterms="http://purl.org/dc/terms/" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><dc:title>${text}</dc:title><dc:creator>${escapeXml(cellText(runBy))}</dc:creator><dcterms:created xsi:type="dcterms:W3CDTF">${runAt}</dcterms:created></cp:coreProperties>`;
}

function workbook(sheets: readonly Sheet[]): string {
  return `${XML}<workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" xmlns:r="${OFFICE}"><sheets>${sheets.map(({ name }, index) => `<sheet name="${escapeXml(name)}" sheetId="${index + 1}" r:id="r${index + 1}"/>`).join('')}</sheets></workbook>`;
}

/** The formats that `STYLE` names, in its order. */
const STYLES =
  `${XML}<styleSheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><numFmts count="2"><numFmt numFmtId="164" formatCode="yyyy\\-mm\\-dd\\ hh:mm:ss"/><numFmt numFmtId="165" formatCode="0.0%"/></numFmts>` +
  '<fonts count="2"><font><sz val="10"/><name val="Calibri"/></font><font><b/><sz val="10"/><name val="Calibri"/></font></fonts>' +
  '<fills count="2"><fill><patternFill patternType="none"/></fill><fill><patternFill patternType="gray125"/></fill></fills><borders count="1"><border><left/><right/><top/><bottom/><diagonal/></border></borders>' +
  '<cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs><cellXfs count="7">' +
  '<xf numFmtId="0" fontId="0" fillId="0" borderId="0" xfId="0"/>' +
  '<xf numFmtId="49" fontId="1" fillId="0" borderId="0" xfId="0" applyFont="1" applyNumberFormat="1"/>' +
  '<xf numFmtId="164" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/>' +
  '<xf numFmtId="165" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/>' +
  '<xf numFmtId="3" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/>' +
  '<xf numFmtId="49" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/>' +
  '<xf numFmtId="49" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1" quotePrefix="1"/>' +
  '</cellXfs></styleSheet>';

/** Of number formats, the first that is free. */
const FIRST_FREE = 166;

/** The formats with one for each offset from UTC, in the order of `OFFSETS`. */
function zonedStyles(): string {
  const formats = OFFSETS.map((offset, index) => `<numFmt numFmtId="${FIRST_FREE + index}" formatCode="yyyy\\-mm\\-dd\\ hh:mm:ss\\ &quot;${offsetText(offset)}&quot;"/>`);
  const cells = OFFSETS.map((_, index) => `<xf numFmtId="${FIRST_FREE + index}" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/>`);
  return STYLES.replace('<numFmts count="2">', `<numFmts count="${2 + OFFSETS.length}">`)
    .replace('</numFmts>', `${formats.join('')}</numFmts>`)
    .replace('<cellXfs count="7">', `<cellXfs count="${7 + OFFSETS.length}">`)
    .replace('</cellXfs>', `${cells.join('')}</cellXfs>`);
}
