/**
 * Workbooks, unpacked and read again: every value is there once, in its type, and none of them can act.
 */
import { ALL_IN_UTC } from '../core/report-parameters.ts';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openPromise } from 'yauzl';
import type { Column, ReportDocument, Row } from './document.ts';
import { columnLetters, serialDay } from './xlsx-sheet.ts';
import { rowsOf } from '../../test/report-rows.ts';
import { writeXlsx } from './xlsx.ts';

let folder: string;
beforeEach(() => { folder = mkdtempSync(join(tmpdir(), 'whoran-xlsx-')); });
afterEach(() => { rmSync(folder, { recursive: true }); });

const column = (name: string, kind: Column['kind'], title = name): Column => ({ name, title, kind, about: `what ${name} means`, under: null, isDetail: false, isData: false });
function documentOf(tables: Readonly<Record<string, { columns: readonly Column[]; rows: readonly Row[] }>>): ReportDocument {
  return {
    id: 'traceability', title: 'Who <ran> it', controls: [{ id: 'soc2:CC6.1', name: 'access' }], period: { from: '2026-01-01T00:00:00Z', to: '2026-02-01T00:00:00Z' },
    runAt: '2026-02-01T06:00:00Z', runBy: 'auditor & co', program: { name: 'whoran', version: '0.1.0' }, asOf: null, knownAt: null, parameters: ALL_IN_UTC, filedAs: null, markdown: '', definition: { file: 'reports/x.md', sha256: 'f'.repeat(64), parts: [] },
    charts: [], queries: [], files: [],
    tables: new Map(Object.entries(tables).map(([id, { columns, rows }]) => [id, { id, title: `Table ${id}`, description: 'all', columns, rowCount: rows.length, ...rowsOf(rows) }])),
  };
}

/** The parts of a workbook. */
async function partsOf(path: string): Promise<Map<string, string>> {
  const zip = await openPromise(path);
  const parts = new Map<string, string>();
  for await (const entry of zip.eachEntry()) {
    const pieces: Buffer[] = [];
    for await (const piece of await zip.openReadStreamPromise(entry)) pieces.push(piece as Buffer);
    parts.set(entry.fileName, Buffer.concat(pieces).toString('utf8'));
  }
  return parts;
}
async function written(document: ReportDocument, sheetRows?: number): Promise<Map<string, string>> {
  const path = join(folder, `${Math.random()}.xlsx`);
  await writeXlsx(document, path, sheetRows);
  return partsOf(path);
}

const ENTITIES: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"' };
const unescapeXml = (text: string): string => text.replace(/&(\w+);/g, (_, name: string) => ENTITIES[name] ?? '?').replace(/_x005F_/g, '_');
/** Cells by place: `[type, style, value]`. */
function cellsOf(sheet: string): Map<string, readonly [type: string, style: string, value: string]> {
  const cells = new Map<string, readonly [string, string, string]>();
  for (const [, place = '', style = '0', type = 'n', body = ''] of sheet.matchAll(/<c r="([A-Z]+\d+)"(?: s="(\d+)")?(?: t="(\w+)")?>(.*?)<\/c>/gs)) cells.set(place, [type, style, unescapeXml(body.replace(/<[^>]*>/g, ''))]);
  return cells;
}

const COLUMNS = [column('at', 'instant'), column('who', 'text', 'Name'), column('what', 'code', 'Name'), column('calls', 'count'), column('share', 'share'), column('is_new', 'text'), column('evidence', 'evidence')];

test('values are there in their types, the heading stays in view, and two columns of one title are told apart', async () => {
  const rows: Row[] = [{ at: '2026-01-15T12:00:00Z', who: 'Aiko', what: 'RunTask', calls: 7, share: 0.25, is_new: true, evidence: [{ hop: 'sign_in', source: 'sign_ins', record_id: 'r1', sha256: 'ab' }] }];
  const parts = await written(documentOf({ rpt_traceability_rows: { columns: COLUMNS, rows } }));
  expect(parts.get('xl/workbook.xml')).toContain('<sheet name="rows" sheetId="3" r:id="r3"/>');
  const sheet = parts.get('xl/worksheets/sheet3.xml') ?? '';
  const cells = cellsOf(sheet);
  expect(['A1', 'B1', 'C1', 'D1'].map((place) => cells.get(place)?.[2])).toEqual(['at', 'Name (who)', 'Name (what)', 'calls']);
  expect(cells.get('A2')).toEqual(['n', '2', String(46_037.5)]);
  expect(cells.get('B2')).toEqual(['inlineStr', '5', 'Aiko']);
  expect(cells.get('D2')).toEqual(['n', '4', '7']);
  expect(cells.get('E2')).toEqual(['n', '3', '0.25']);
  expect(cells.get('F2')?.slice(0, 1)).toEqual(['b']);
  expect(cells.get('G2')?.[2]).toBe('sign_in sign_ins r1 sha256:ab');
  expect(sheet).toContain('state="frozen"');
  expect(sheet).toContain('<autoFilter ref="A1:G2"/>');
  expect(serialDay('1900-03-01T00:00:00Z')).toBe(61);
});

test('what logs wrote is text: no formula, no entity, no hidden character, no escape of the format\'s own', async () => {
  const hostile = ['=cmd|\' /c calc\'!A1', '+1', '-1', '@SUM(1)', ' =1+1', '\uff1d1', '<c r="Z9"><f>1</f></c>', ']]>&<!--', 'a\u0000b\u001bc', '\u202egnp.exe', '_x0041_', '\ud800', 'ünï 漢字 🎉', 'x'.repeat(40_000)];
  const parts = await written(documentOf({ t: { columns: [column('who', 'text')], rows: hostile.map((who) => ({ who })) } }));
  const sheet = parts.get('xl/worksheets/sheet3.xml') ?? '';
  const cells = cellsOf(sheet);
  expect(sheet).not.toMatch(/<f>|<!--|<hyperlink/);
   
  expect(sheet).not.toMatch(/[\u0000-\u0008\u000b-\u001f\ud800-\udfff\u202e](?<![\ud800-\udbff][\udc00-\udfff]|[\ud800-\udbff](?=[\udc00-\udfff]))/);
  expect(cells.get('A2')).toEqual(['inlineStr', '6', '=cmd|\' /c calc\'!A1']);
  for (const place of ['A3', 'A4', 'A5', 'A6', 'A7']) expect(cells.get(place)?.slice(0, 2)).toEqual(['inlineStr', '6']);
  expect(cells.get('A8')?.[2]).toBe('<c r="Z9"><f>1</f></c>');
  expect(cells.get('A12')?.[2]).toBe('_x0041_');
  expect(sheet).toContain('_x005F_x0041_');
  expect(cells.get('A14')?.[2]).toBe('ünï 漢字 🎉');
  expect(cells.get('A15')?.[2]).toMatch(/^x{32687}… \(cut here: 40000 characters/);
  expect(cells.get('A15')?.[2].length).toBeLessThanOrEqual(32_767);
});

test('a table that one sheet cannot hold goes on in others, and no row is lost or doubled', async () => {
  const rows = Array.from({ length: 25 }, (_, number) => ({ who: `row ${number}` }));
  const parts = await written(documentOf({ rpt_traceability_rows: { columns: [column('who', 'text')], rows }, rpt_none: { columns: [column('who', 'text')], rows: [] } }), 11);
  const names = [...(parts.get('xl/workbook.xml') ?? '').matchAll(/<sheet name="([^"]+)"/g)].map(([, name]) => name);
  expect(names).toEqual(['About', 'Columns', 'rows 1', 'rows 2', 'rows 3', 'none']);
  const shown = [3, 4, 5].flatMap((number) => [...cellsOf(parts.get(`xl/worksheets/sheet${number}.xml`) ?? '')].filter(([place]) => place !== 'A1').map(([, [, , value]]) => value));
  expect(shown).toEqual(rows.map(({ who }) => who));
  expect([...cellsOf(parts.get('xl/worksheets/sheet6.xml') ?? '').keys()]).toEqual(['A1']);
  const about = [...cellsOf(parts.get('xl/worksheets/sheet1.xml') ?? '').values()].map(([, , value]) => value);
  expect(about).toEqual(expect.arrayContaining(['Who <ran> it', 'no source is landed', 'rows 2', 'auditor & co']));
});

test('every part is named in the types and relations, and the same document gives the same bytes', async () => {
  const document = documentOf({ a: { columns: COLUMNS, rows: [] } });
  for (const name of ['one', 'two']) await writeXlsx(document, join(folder, `${name}.xlsx`));
  expect(readFileSync(join(folder, 'one.xlsx'))).toEqual(readFileSync(join(folder, 'two.xlsx')));
  const parts = await partsOf(join(folder, 'one.xlsx'));
  const named = [...(parts.get('[Content_Types].xml') ?? '').matchAll(/PartName="\/([^"]+)"/g)].map(([, name]) => name);
  expect([...parts.keys()].filter((name) => !name.endsWith('.rels') && name !== '[Content_Types].xml').sort()).toEqual(named.sort());
  const targets = [...(parts.get('xl/_rels/workbook.xml.rels') ?? '').matchAll(/Target="([^"]+)"/g)].map(([, name]) => `xl/${name ?? ''}`);
  for (const target of targets) expect(parts.has(target)).toBe(true);
});

test('columns after Z have two letters, and three', () => {
  expect([0, 25, 26, 51, 52, 701, 702].map(columnLetters)).toEqual(['A', 'Z', 'AA', 'AZ', 'BA', 'ZZ', 'AAA']);
});

test('a fault while rows are read is the writing\'s, and ends it', async () => {
  const document = documentOf({ a: { columns: COLUMNS, rows: [{}] } });
  const table = document.tables.get('a');
  if (!table) throw new Error('the table is there');
  // eslint-disable-next-line @typescript-eslint/require-await -- a table whose file cannot be read
  const broken = { ...table, async *rows(): AsyncGenerator<Row> { throw new Error('the disk is gone'); } };
  await expect(writeXlsx({ ...document, tables: new Map([['a', broken]]) }, join(folder, 'broken.xlsx'))).rejects.toThrow('the disk is gone');
});

test('a time or number that spreadsheets would show as another one stands as text', async () => {
  const cells = cellsOf((await written(documentOf({ a: { columns: COLUMNS, rows: [{ at: '1899-12-31T00:00:00Z', calls: 1_234_567_890_123_456 }] } }))).get('xl/worksheets/sheet3.xml') ?? '');
  expect([cells.get('A2')?.[2], cells.get('D2')?.[0], cells.get('D2')?.[2]]).toEqual(['1899-12-31T00:00:00Z', 'inlineStr', '1234567890123456']);
});
