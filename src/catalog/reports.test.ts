import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { packageRoot } from '../core/package-root.ts';
import { loadCatalog } from './catalog.ts';
import { loadReports } from './reports.ts';

let root: string;
let text: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'whoran-reports-'));
  await cp(join(packageRoot(), 'queries'), join(root, 'queries'), { recursive: true });
  await mkdir(join(root, 'reports'));
  await cp(join(packageRoot(), 'reports/parts'), join(root, 'reports/parts'), { recursive: true });
  text = await readFile(join(packageRoot(), 'reports/traceability.md'), 'utf8');
});
afterEach(() => rm(root, { recursive: true, force: true }));

async function load(fileText: string, name = 'traceability.md'): ReturnType<typeof loadReports> {
  await writeFile(join(root, 'reports', name), fileText);
  return loadReports(await loadCatalog(root));
}

test('a definition is read with its queries in the order named, its prose, and the SHA-256 of its file', async () => {
  const [report] = await load(text);
  expect(report?.queries[0]?.id).toBe('rpt_traceability_totals');
  expect(report?.queries.map(({ id }) => id)).toContain('rpt_traceability_rows');
  expect(report?.markdown).toMatch(/^\nThis report lists/);
  expect(report?.sha256).toMatch(/^[0-9a-f]{64}$/);
});

test.each<[string, (text: string) => string, RegExp]>([
  ['without front matter', () => '## Only prose\n', /no front matter/],
  ['with front matter that is no YAML', () => '---\nid: [\n---\n', /is no YAML/],
  ['with a field that there is none of', (whole) => whole.replace('formats:', 'format: x\nformats:'), /front matter field/],
  ['with a query that there is none of', (whole) => whole.replace('  - rpt_traceability_limits', '  - rpt_nowhere'), /query rpt_nowhere is not in queries\/reports/],
  ['with a CSV of a query that it does not run', (whole) => whole.replace('csv: [', 'csv: [rpt_nowhere, '), /csv names rpt_nowhere/],
  ['with a control that there is none of', (whole) => whole.replace('soc2:CC6.1', 'soc2:CC99'), /control soc2:CC99/],
  ['with a chart of a query that it does not run', (whole) => whole.replace('query: rpt_traceability_chain', 'query: rpt_nowhere'), /chart hop_to_hop shows rpt_nowhere, which is not among queries/],
  ['with a chart of columns that are not described', (whole) => whole.replace('series: [traced,', 'series: [nowhere,'), /chart coverage_over_time needs column nowhere/],
  ['with a chart that does not say what it counts', (whole) => whole.replace('    unit: actions and tasks\n', ''), /coverage_over_time has no unit/],
  ['with a column under one that is not there', (whole) => whole.replace('under: at }', 'under: nowhere }'), /stands under nowhere/],
])('%s it is refused, with the file named', async (_, change, message) => {
  await expect(load(change(text))).rejects.toThrow(message);
  await expect(load(change(text))).rejects.toThrow('reports/traceability.md');
});

test('under another name than its id it is refused', async () => {
  await expect(load(text, 'other.md')).rejects.toThrow(/id is traceability, the file's name other.md/);
});

test('a part brings its prose, queries and columns, and is named with its hash', async () => {
  const [report] = await load(text);
  expect(report?.parts.map(({ file }) => file)).toEqual(['reports/parts/scope.md', 'reports/parts/evidence-base.md', 'reports/parts/terms.md']);
  expect(report?.queries.at(-1)?.id).toBe('rpt_dispositions');
  expect(report?.columns['verdict']?.title).toBe('Verdict');
  expect(report?.markdown).toContain('{{table rpt_gaps}}');
  expect(report?.markdown).not.toContain('{{part');
});

test('a part that there is none of is refused', async () => {
  await expect(load(text.replace('{{part terms}}', '{{part nowhere}}'))).rejects.toThrow(/reports\/parts\/nowhere\.md: there is no such file/);
});
