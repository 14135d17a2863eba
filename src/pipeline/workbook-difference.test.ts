import { createWriteStream, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ZipFile } from 'yazl';
import { workbookDifference } from './workbook-difference.ts';

let folder: string;
let own: string;
const PARTS: readonly (readonly [string, string])[] = [['[Content_Types].xml', '<Types/>'], ['xl/worksheets/sheet1.xml', `<row>${'a'.repeat(5000)}</row>`]];

async function workbook(name: string, parts = PARTS, compress = true): Promise<string> {
  const zip = new ZipFile();
  for (const [part, text] of parts) zip.addBuffer(Buffer.from(text), part, { compress });
  zip.end();
  const path = join(folder, name);
  await pipeline(zip.outputStream, createWriteStream(path));
  return path;
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'whoran-workbook-'));
  own = await workbook('own.xlsx');
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

test('parts that are packed in another way, or stand in another order, are the same', async () => {
  expect(await workbookDifference(await workbook('stored.xlsx', [...PARTS].reverse(), false), own)).toBeNull();
});

test.each<[string, readonly (readonly [string, string])[], RegExp]>([
  ['a changed cell', [PARTS[0]!, [PARTS[1]![0], PARTS[1]![1].replace('a', 'b')]], /^other bytes in xl\/worksheets\/sheet1\.xml$/],
  ['a longer part', [PARTS[0]!, [PARTS[1]![0], `${PARTS[1]![1]} `]], /sheet1\.xml of 5012 bytes instead of 5011$/],
  ['a part less', [PARTS[0]!], /^no part xl\/worksheets\/sheet1\.xml$/],
  ['a part more', [...PARTS, ['xl/\u202emacro.xml', 'x']], /^a part xl\/\\u202emacro\.xml that is too many$/i],
  ['a part twice', [...PARTS, PARTS[0]!], /^a part \[Content_Types\]\.xml that is too many$/],
])('%s is found', async (name, parts, difference) => {
  expect(await workbookDifference(await workbook(`${name}.xlsx`, parts), own)).toMatch(difference);
});

test('what is no workbook, or unpacks to more than it says, is told and goes no further', async () => {
  const none = join(folder, 'none.xlsx');
  writeFileSync(none, 'no zip');
  expect(await workbookDifference(none, own)).toMatch(/^no workbook that can be unpacked: /);
  const longer = await workbook('bomb.xlsx', [PARTS[0]!, [PARTS[1]![0], `<row>${'a'.repeat(5_000_000)}</row>`]]);
  const bytes = readFileSync(longer);
  // The size that its directory tells is the one that is expected.
  const size = Buffer.alloc(4);
  size.writeUInt32LE(5_000_011);
  for (let at = bytes.indexOf(size); at !== -1; at = bytes.indexOf(size, at + 1)) bytes.writeUInt32LE(5011, at);
  writeFileSync(longer, bytes);
  expect(await workbookDifference(longer, own)).toMatch(/^no workbook that can be unpacked: .*too many bytes/);
});
