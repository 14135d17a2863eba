import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { Database } from '../engine/database.ts';
import { longestLine, readJsonLines } from './json-lines.ts';

const made = mkdtempSync(join(tmpdir(), 'whoran-json-lines-'));
afterAll(() => {
  rmSync(made, { recursive: true });
});

const fileOf = (name: string, text: string): string => {
  writeFileSync(join(made, name), text);
  return join(made, name);
};

test.each([
  ['nothing', '', 0],
  ['lines', 'a\nbcd\n\n', 4],
  ['a last line without its break', 'a\nbcde', 4],
  ['a line over several pieces', `a\n${'x'.repeat(3 * 1024 * 1024)}\nb\n`, 3 * 1024 * 1024 + 1],
])('the longest line of %s', async (name, text, expected) => {
  expect(await longestLine(fileOf(name, text))).toBe(expected);
});

test('a line longer than the engine takes by itself is read, with little memory', async () => {
  const path = fileOf('long', `${JSON.stringify({ a: 'x'.repeat(20 * 1024 * 1024) })}\n{"a":"y"}\n`);
  const db = await Database.open({ path: ':memory:', memoryLimit: '300MB' });
  try {
    expect(await db.all(`select length(a) as n from ${await readJsonLines(path, "a: 'varchar'")}`)).toEqual([{ n: 20 * 1024 * 1024 }, { n: 1 }]);
  } finally {
    db.close();
  }
});
