import { parse } from 'csv-parse/sync';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { csvNote } from './csv-note.ts';
import { csvField, csvTable } from './csv.ts';
import { reportOf, tableOfRows } from '../../test/report-sample.ts';

async function textOf(pieces: AsyncIterable<string>): Promise<string> {
  let text = '';
  for await (const piece of pieces) text += piece;
  return text;
}

describe('a formula', () => {
  test.each([
    ['=1+1', "'=1+1"],
    ['+1', "'+1"],
    ['-1', "'-1"],
    ['@SUM(A1)', "'@SUM(A1)"],
    ['  =1+1', "'  =1+1"],
    ['\u00a0=1+1', "'\u00a0=1+1"],
    ['\u200b=1+1', "'\\u200b=1+1"],
    ['\t=1+1', "'\\t=1+1"],
    ['\tplain', "'\\tplain"],
    ['\rplain', "'\\rplain"],
    ['\nplain', "'\\nplain"],
    ['\u001b[2J', "'\\u001b[2J"],
    ['＝1+1', "'＝1+1"],
    ['＠x', "'＠x"],
    ['=HYPERLINK("https://example.com")', `"'=HYPERLINK(""https://example.com"")"`],
  ])('%j gets an apostrophe', (value, expected) => {
    expect(csvField(value)).toBe(expected);
  });

  test.each(['plain', 'a=b', 'arn:aws:iam::111122223333:role/x', '2026-01-15T09:00:00Z', "o'clock", ''])('%j is none', (value) => {
    expect(csvField(value)).toBe(value);
  });

  test('numbers stay numbers, also negative ones', () => {
    expect([csvField(-1), csvField(0.5), csvField(true), csvField(null)]).toEqual(['-1', '0.5', 'true', '']);
  });

  test('whatever the text, a parser reads one field, and no spreadsheet takes it for a formula', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 40 }), fc.constantFrom('', '=', '+', '-', '@', ' =', '\t', '",', '\r\n'), (tail, head) => {
        const records: string[][] = parse(`${csvField(head + tail)},end\r\n`);
        const [record, ...more] = records;
        expect(more).toEqual([]);
        expect(record).toHaveLength(2);
        expect(record?.[0]).not.toMatch(/^\s*[=+\-@＝＋－＠]/u);
        expect(record?.[0]).not.toMatch(/[\p{Cc}\p{Cf}]/u);
      }),
      { numRuns: 500 },
    );
  });
});

test('a table is RFC 4180: names first, CR LF after every line, quotes doubled, lists and evidence on one line', async () => {
  const table = tableOfRows([
    { at: '2026-01-13T09:00:00Z', who: 'Aiko "A" Tanaka, jobs', population: 2, evidence: [{ hop: 'action', source: 'cloudtrail', owner_id: '1', record_id: 'e1', sha256: 'ab' }] },
    { at: null, who: 'two\nlines', population: 0, evidence: [{ hop: 'action', source: 'cloudtrail', owner_id: '1', record_id: 'e2', sha256: null }] },
  ]);
  expect(await textOf(csvTable(table))).toBe(
    'at,who,population,evidence\r\n' +
      '2026-01-13T09:00:00Z,"Aiko ""A"" Tanaka, jobs",2,action cloudtrail e1 sha256:ab\r\n' +
      ',two\\nlines,0,action cloudtrail e2 not found\r\n',
  );
});

test('the note beside the files says what the apostrophe is, and what each column means', () => {
  const table = tableOfRows([]);
  const note = csvNote(reportOf([table]), [{ fileName: 'rows.csv', table }]);
  expect(note).toContain("has an apostrophe (') in front of it here");
  expect(note).toContain('rows.csv: Rows, 0 rows');
  expect(note).toMatch(/\n {2}population\n {6}Actions and tasks together\./);
  expect(Math.max(...note.split('\n').map((line) => line.length))).toBeLessThanOrEqual(100);
});
