/**
 * What the template writes works as it stands, names what its author has to fill in, and is whole once that is done.
 */
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { packageRoot } from '../core/package-root.ts';
import { loadCatalog, testDetections, type CaseResult } from './detection-tests.ts';
import { newDetection } from './new-detection.ts';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'whoran-new-'));
  cpSync(join(packageRoot(), 'queries'), join(root, 'queries'), { recursive: true });
});
afterEach(() => {
  rmSync(root, { recursive: true });
});

async function tested(id: string): Promise<CaseResult[]> {
  const catalog = await loadCatalog(root);
  return testDetections(catalog, catalog.detections.filter((one) => one.id === id));
}

test('its cases hold at once; what is left to fill in is named line by line, until nothing is', async () => {
  const { files } = await newDetection('break_glass_role_used', 'sessions', root);
  const before = await tested('break_glass_role_used');
  expect(before.filter(({ failure }) => failure === null).map(({ kind }) => kind)).toEqual(['fires', 'quiet', 'near_miss', 'late_record', 'hostile']);
  const unfinished = before.filter(({ failure }) => failure !== null);
  expect(new Set(unfinished.map(({ kind }) => kind))).toEqual(new Set(['unfinished']));
  expect(unfinished).toContainEqual({ detection: 'break_glass_role_used', case: 'queries/detections/sessions/break_glass_role_used.sql', kind: 'unfinished', failure: 'line 3: fill in what it finds, in a few words' });
  const marks = files.reduce((sum, file) => sum + readFileSync(file, 'utf8').split('FILL IN').length - 1, 0);
  expect(unfinished).toHaveLength(marks);
  for (const file of files) writeFileSync(file, readFileSync(file, 'utf8').replaceAll('FILL IN', 'It says'));
  const after = await tested('break_glass_role_used');
  expect(after.map(({ failure }) => failure)).toEqual([null, null, null, null, null]);
});

test('a new area is said; one that looks like a slip is not made', async () => {
  expect(await newDetection('odd_region_used', 'network', root)).toMatchObject({ is_new_area: true });
  await expect(newDetection('odd_key_used', 'session', root)).rejects.toMatchObject({ exitCode: 2, hint: expect.stringContaining('Did you mean sessions?') as string });
});

test.each([
  ['Break-Glass', 'sessions', /the id is "Break-Glass"/],
  ['../evil', 'sessions', /the id is/],
  ['x', 'sessions', /the id is/],
  ['break_glass_role_used', '../../etc', /--area is/],
  ['source_silent', 'sessions', /there is a detection source_silent already: queries\/detections\/watch\/source_silent.sql/],
])('%s in %s is refused', async (id, area, message) => {
  await expect(newDetection(id, area, root)).rejects.toThrow(message);
});

test('a file that is there is never written over', async () => {
  const cases = join(root, 'queries/detections/sessions/break_glass_role_used.cases.yml');
  writeFileSync(cases, 'mine');
  await expect(newDetection('break_glass_role_used', 'sessions', root)).rejects.toThrow('is there already');
  expect(readFileSync(cases, 'utf8')).toBe('mine');
  expect(existsSync(cases.replace('.cases.yml', '.sql'))).toBe(false);
});
