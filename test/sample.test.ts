/**
 * A sample out of a bundle: the same for whoever draws it with that seed, whole to the delivered bytes, and inert.
 */
import { createHash, generateKeyPairSync } from 'node:crypto';
import { cp, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { evidenceConfigSchema } from '../src/config/evidence.ts';
import { newKeyFile } from '../src/evidence/key-file-signer.ts';
import { bundleSigner } from '../src/pipeline/bundle-signer.ts';
import { runDemo } from '../src/pipeline/demo.ts';
import { runReport } from '../src/pipeline/report.ts';
import { drawSample } from '../src/pipeline/sample.ts';
import { dossierHtml, sampleCsv, sampleHtml, type Dossier, type SampleFacts } from '../src/render/dossier.ts';
import { openReader } from '../src/store/reader.ts';
import { publicKeyOfPem } from '../src/verifier/dsse.ts';

const NOW = new Date('2026-01-19T06:00:00Z');
const SIZE = 12;

let folder: string;
let bundle: string;
let zip: string;
const key = async (): Promise<ReturnType<typeof publicKeyOfPem>> => publicKeyOfPem(await readFile(join(folder, 'key.pem.pub'), 'utf8'));
const draw = async (name: string, request: Partial<Parameters<typeof drawSample>[0]> = {}): ReturnType<typeof drawSample> =>
  drawSample({ path: bundle, key: await key(), size: SIZE, seed: 'audit 1', outDir: join(folder, name), ...request });
const textOf = async (...path: string[]): Promise<string> => readFile(join(folder, ...path), 'utf8');

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'whoran-sample-'));
  const { data } = await runDemo(join(folder, 'demo'), NOW, () => undefined);
  await newKeyFile(join(folder, 'key.pem'));
  const signer = await bundleSigner(evidenceConfigSchema.parse({ signing_key_file: join(folder, 'key.pem') }));
  const reader = await openReader(data);
  try {
    const landing = { readMember: async (batch: number, member: number) => Promise.resolve(reader.landing.unpackMember(batch, member)) };
    const period = { from: new Date('2026-01-12T00:00:00Z'), to: new Date('2026-01-15T00:00:00Z') };
    const made = await runReport({ db: reader.db, landing }, 'traceability', { ...period, now: NOW, outDir: join(folder, 'out'), dataDir: data, bundle: { dataDir: data, signer, hasZip: true } });
    bundle = made.bundle?.path ?? '';
    zip = made.bundle?.zip ?? '';
  } finally {
    reader.close();
  }
}, 120_000);
afterAll(() => rm(folder, { recursive: true, force: true }));

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
    expect(await textOf('chains', dossier)).toContain(`<h1>Item ${one.item}: position`);
  }
  expect(records).toBeGreaterThan(SIZE);
});

test('a population that has no more is drawn whole; another table is named; one that there is none of is refused', async () => {
  const findings = await draw('findings', { table: 'rpt_traceability_reasons', size: 5000 });
  expect(findings.size).toBe(findings.population);
  await expect(draw('nothing', { table: 'rpt_nothing' })).rejects.toThrow('the bundle has no table rpt_nothing');
});

test('nothing is drawn from an altered bundle, under another key, or over an older sample', async () => {
  const altered = join(folder, 'altered');
  await cp(bundle, altered, { recursive: true });
  const table = join(altered, 'tables/rpt_traceability_rows.jsonl');
  await writeFile(table, (await readFile(table, 'utf8')).replace('"traced"', '"not_traced"'));
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
    records: [{ hop: 'session', source: '<i>', owner_id: hostile, record_id: hostile, sha256: null, batch: 3, leaf: 0, text: `{"a":"<script>"}` }],
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
