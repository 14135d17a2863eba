/**
 * What is made of bundles alone. A sample: the same for whoever draws it with that seed, whole to the delivered bytes, and inert. A
 * difference: of one period and of two, cell by cell.
 */
import { createHash, generateKeyPairSync } from 'node:crypto';
import { cp, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { styleFor } from '../src/cli/print/style.ts';
import { diffLines } from '../src/cli/print/diff.ts';
import { evidenceConfigSchema } from '../src/config/evidence.ts';
import { ALL_IN_UTC, reportParameters, type ReportParameters } from '../src/core/report-parameters.ts';
import { newKeyFile } from '../src/evidence/key-file-signer.ts';
import { appendDecisions } from '../src/landing/journal.ts';
import { bundleSigner } from '../src/pipeline/bundle-signer.ts';
import { runDemo } from '../src/pipeline/demo.ts';
import { runReport } from '../src/pipeline/report.ts';
import { diffBundles } from '../src/pipeline/bundle-diff.ts';
import { drawSample } from '../src/pipeline/sample.ts';
import { dossierHtml, sampleCsv, sampleHtml, type Dossier, type SampleFacts } from '../src/render/dossier.ts';
import { openReader } from '../src/store/reader.ts';
import { publicKeyOfPem } from '../src/verifier/dsse.ts';

const NOW = new Date('2026-01-19T06:00:00Z');
const SIZE = 12;

let folder: string;
let data: string;
let bundle: string;
let zip: string;
const key = async (): Promise<ReturnType<typeof publicKeyOfPem>> => publicKeyOfPem(await readFile(join(folder, 'key.pem.pub'), 'utf8'));
const draw = async (name: string, request: Partial<Parameters<typeof drawSample>[0]> = {}): ReturnType<typeof drawSample> =>
  drawSample({ path: bundle, key: await key(), size: SIZE, seed: 'audit 1', outDir: join(folder, name), ...request });
const textOf = async (...path: string[]): Promise<string> => readFile(join(folder, ...path), 'utf8');

interface Made { from?: string; now?: Date; hasZip?: boolean; parameters?: ReportParameters }
async function makeBundle(name: string, { from = '2026-01-12', now = NOW, hasZip = false, parameters = ALL_IN_UTC }: Made = {}): Promise<{ path: string; zip: string }> {
  const signer = await bundleSigner(evidenceConfigSchema.parse({ signing_key_file: join(folder, 'key.pem') }));
  const reader = await openReader(data);
  try {
    const landing = { readMember: async (batch: number, member: number) => Promise.resolve(reader.landing.unpackMember(batch, member)) };
    const period = { from: new Date(`${from}T00:00:00Z`), to: new Date('2026-01-15T00:00:00Z') };
    const made = await runReport({ db: reader.db, landing }, 'traceability', { ...period, parameters, now, outDir: join(folder, name), dataDir: data, bundle: { dataDir: data, signer, hasZip } });
    return { path: made.bundle?.path ?? '', zip: made.bundle?.zip ?? '' };
  } finally {
    reader.close();
  }
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'whoran-sample-'));
  ({ data } = await runDemo(join(folder, 'demo'), NOW, () => undefined));
  await newKeyFile(join(folder, 'key.pem'));
  ({ path: bundle, zip } = await makeBundle('out', { hasZip: true }));
}, 120_000);
afterAll(() => rm(folder, { recursive: true, force: true }));

/** A copy of the bundle with one cell changed. */
async function alteredBundle(): Promise<string> {
  const altered = await mkdtemp(join(folder, 'altered-'));
  await cp(bundle, altered, { recursive: true });
  const table = join(altered, 'tables/rpt_traceability_rows.jsonl');
  await writeFile(table, (await readFile(table, 'utf8')).replace('"traced"', '"not_traced"'));
  return altered;
}

test('the seed decides which rows, and anybody can draw them by hand', async () => {
  const drawn = await draw('by-hand');
  const lines = (await readFile(join(bundle, 'tables/rpt_traceability_rows.jsonl'), 'utf8')).trimEnd().split('\n');
  const lots = lines.map((_, index) => ({ position: index + 1, lot: createHash('sha256').update(`audit 1\n${index + 1}`).digest('hex') }));
  const expected = lots.sort((a, b) => (a.lot < b.lot ? -1 : 1)).slice(0, SIZE).map(({ position }) => position).sort((a, b) => a - b);
  expect(drawn.population).toBe(lines.length);
  expect(drawn.items.map(({ position }) => position)).toEqual(expected);
  for (const { position, dossier } of drawn.items) {
    const { row } = JSON.parse(await textOf('by-hand', dossier.replace('.html', '.json'))) as { row: unknown };
    expect(row).toEqual(JSON.parse(lines[position - 1] ?? ''));
  }
  expect((await draw('other-seed', { seed: 'audit 2' })).items.map(({ position }) => position)).not.toEqual(expected);
});

test('folder and zip give the same bytes', async () => {
  await draw('folder');
  await draw('zip', { path: zip });
  const names = (await readdir(join(folder, 'folder'))).sort();
  expect(names).toHaveLength(SIZE * 2 + 3);
  expect((await readdir(join(folder, 'zip'))).sort()).toEqual(names);
  for (const name of names) expect(await textOf('zip', name)).toBe(await textOf('folder', name));
});

test('each dossier has its whole chain, and each record hashes to what the row names', async () => {
  const { items, missing_records: missing } = await draw('chains');
  expect(missing).toBe(0);
  let records = 0;
  for (const { dossier } of items) {
    const one = JSON.parse(await textOf('chains', dossier.replace('.html', '.json'))) as Dossier;
    expect(one.records.map(({ sha256 }) => sha256)).toEqual((one.row['evidence'] as unknown as { sha256: string }[]).map(({ sha256 }) => sha256));
    for (const { text, sha256, batch } of one.records) {
      expect(createHash('sha256').update(text ?? '').digest('hex')).toBe(sha256);
      expect(one.batches.map((proof) => proof.batch)).toContain(batch);
      records += 1;
    }
    const page = await textOf('chains', dossier);
    expect(page).toContain(`<h1>Item ${one.item}: position`);
    expect(page.match(/<rect class="box"/g)).toHaveLength(one.records.length);
  }
  expect(records).toBeGreaterThan(SIZE);
});

test('a population that has no more is drawn whole; another table is named; one that there is none of is refused', async () => {
  const findings = await draw('findings', { table: 'rpt_traceability_reasons', size: 5000 });
  expect(findings.size).toBe(findings.population);
  await expect(draw('nothing', { table: 'rpt_nothing' })).rejects.toThrow('the bundle has no table rpt_nothing');
});

test('nothing is drawn from an altered bundle, under another key, or over an older sample', async () => {
  const altered = await alteredBundle();
  await expect(draw('from-altered', { path: altered })).rejects.toThrow(/the bundle is altered \(tables\/rpt_traceability_rows\.jsonl/);
  await expect(draw('other-key', { key: generateKeyPairSync('ed25519').publicKey })).rejects.toThrow('the bundle is altered');
  await draw('once');
  await expect(draw('once')).rejects.toThrow('holds something already');
});

describe('hostile values', () => {
  const facts: SampleFacts = { report: 'x', title: '<b>', from: '2026-01-01T00:00:00Z', to: '2026-02-01T00:00:00Z', as_of: '', manifest_sha256: 'f'.repeat(64), key_id: 'k', table: 't', population: 1, size: 1, seed: '</style><script>' };
  const columns = [{ name: 'who', title: 'Who', kind: 'text', about: 'who', under: null, isDetail: false, isData: false }] as const;
  const hostile = '=cmd|\' /c calc\'!A1<img src=x onerror=alert(1)>\u202e\u0007';
  const dossier: Dossier = {
    item: 1, position: 1, lot: 'l', row: { who: hostile }, batches: [{ batch: 3, ledger_line: JSON.stringify({ origin: '<script>alert(1)</script>' }) }],
    records: [{ hop: 'session', source: '<i>', owner_id: hostile, record_id: hostile, record_at: hostile, sha256: null, batch: 3, leaf: 0, text: `{"a":"<script>"}` }],
  };
  test('are text on every page', () => {
    const pages = [[...dossierHtml(facts, columns, dossier)].join(''), [...sampleHtml(facts, columns, [dossier], String)].join('')];
    for (const page of pages) {
      expect(page).not.toMatch(/<script|<img|<i>|<b>/);
      expect(page).not.toMatch(/[\u202e\u0007]/);
      expect(page).toContain('&lt;img src=x');
    }
  });
  test('are no formula in the sheet', () => {
    const [, line = ''] = [...sampleCsv(columns, [dossier])];
    expect(line).toContain(`'=cmd`);
  });
});

describe('a difference', () => {
  const diff = async (after: string, more: Partial<Parameters<typeof diffBundles>[0]> = {}): ReturnType<typeof diffBundles> => diffBundles({ before: bundle, after, key: await key(), limit: 0, ...more });

  test('of the same report run again: none', async () => {
    const { path } = await makeBundle('again', { now: new Date('2026-01-20T06:00:00Z') });
    const found = await diff(path);
    expect(found.is_same_period).toBe(true);
    expect(found.program).toEqual([]);
    expect(found.asked).toEqual([]);
    expect(found.cells).toEqual([]);
    expect(found.tables.every(({ rows_before: old, rows_after: now, same }) => old === now && same === old)).toBe(true);
  });

  test('of a report and its correction: the rows that changed, cell by cell, and all of them in the CSV', async () => {
    const lines = (await readFile(join(bundle, 'tables/rpt_traceability_findings.jsonl'), 'utf8')).trimEnd().split('\n').map((line) => JSON.parse(line) as { finding_id: string; status: string; summary: string });
    const one = lines.find(({ status }) => status === 'open');
    const at = '2026-01-19T07:00:00Z';
    appendDecisions(data, at, [{ by: 'ada', action: 'finding.resolve', subject: one?.finding_id ?? '', reason: 'explained', detail: { opening: 1, evidence_sha256: null } }]);
    const { path } = await makeBundle('corrected', { now: new Date('2026-01-19T08:00:00Z') });
    const found = await diff(path, { out: join(folder, 'changes.csv') });
    const dispositions = found.cells.filter(({ table }) => table === 'rpt_dispositions').map(({ column, before, after }) => [column, Number(after) - Number(before)]);
    expect(dispositions).toEqual([['open', -1], ['resolved', 1]]);
    expect(found.after.journal_lines).toBe(found.before.journal_lines + 1);
    expect(found.tables.find(({ table }) => table === 'rpt_traceability_rows')).toMatchObject({ changed: 0, added: 0, removed: 0 });
    const csv = (await textOf('changes.csv')).trimEnd().split('\r\n');
    expect(csv).toHaveLength(found.cells.length + 1);
    expect(csv.filter((line) => line.startsWith('rpt_dispositions,changed,'))).toHaveLength(2);
    expect((await diff(path, { limit: 1 })).cells.length).toBeLessThanOrEqual(found.cells.length);
  });

  test('of two periods: what was asked for is told first; numbers moved, items are counted alone, and instants are RFC 3339', async () => {
    const { path } = await makeBundle('later', { from: '2026-01-13', parameters: reportParameters({ accounts: ['111122223333'], timeZone: 'Europe/Berlin' }) });
    const found = await diff(path);
    expect(found.is_same_period).toBe(false);
    expect(found.asked).toEqual([
      { what: 'period', before: '2026-01-12T00:00:00Z to 2026-01-15T00:00:00Z', after: '2026-01-13T00:00:00Z to 2026-01-15T00:00:00Z' },
      { what: 'accounts', before: 'all', after: '111122223333' },
      { what: 'time zone', before: 'UTC', after: 'Europe/Berlin' },
    ]);
    const shown = diffLines(found, { columns: 120, commandOptions: '', style: styleFor(false) });
    expect(shown.slice(1, 5)).toEqual(['They were not asked for the same, so rows may differ for that alone:', expect.stringContaining('→ 2026-01-13') as string, '  accounts   all → 111122223333', '  time zone  UTC → Europe/Berlin']);
    const rows = found.tables.find(({ table }) => table === 'rpt_traceability_rows');
    expect(rows).toMatchObject({ changed: null, added: null });
    expect(rows?.rows_after).toBeLessThan(rows?.rows_before ?? 0);
    const total = found.cells.find(({ table, column }) => table === 'rpt_traceability_totals' && column === 'population');
    expect([total?.before, total?.after]).toEqual([String(rows?.rows_before), String(rows?.rows_after)]);
    const instants = found.cells.flatMap(({ column, before, after }) => (column?.endsWith('_at') === true ? [before, after] : [])).filter((value) => value !== null);
    expect(instants.length).toBeGreaterThan(0);
    for (const instant of instants) expect(instant).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/);
  });

  test('a table that neither has is refused, and so is an altered bundle', async () => {
    await expect(diff(bundle, { tables: ['rpt_none'] })).rejects.toThrow('neither bundle has a table rpt_none');
    await expect(diff(await alteredBundle())).rejects.toThrow('the bundle is altered');
  });
});
