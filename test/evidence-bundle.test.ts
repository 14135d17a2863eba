/**
 * Evidence bundles end to end: a data folder's report, bundled, verified and replayed; and what a change to what was replayed does.
 */
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { recordRoot } from '../src/evidence/record-tree.ts';
import { newKeyFile } from '../src/evidence/key-file-signer.ts';
import { verifyPath } from '../src/evidence/verify-bundle.ts';
import { checkAgainstData } from '../src/evidence/check-data.ts';
import type { BundleManifest } from '../src/evidence/manifest.ts';
import { evidenceConfigSchema } from '../src/config/evidence.ts';
import { bundleSigner } from '../src/pipeline/bundle-signer.ts';
import { replayBundle } from '../src/pipeline/bundle-replay.ts';
import { replayCheck } from '../src/pipeline/bundle-replay-check.ts';
import type { BundleResult } from '../src/pipeline/bundle.ts';
import { runDemo } from '../src/pipeline/demo.ts';
import { runReport } from '../src/pipeline/report.ts';
import { openReader } from '../src/store/reader.ts';
import { publicKeyOfPem } from '../src/verifier/dsse.ts';

const PERIOD = { from: new Date('2026-01-12T00:00:00Z'), to: new Date('2026-01-15T00:00:00Z') };
const RUN = { ...PERIOD, now: new Date('2026-01-19T06:00:00Z'), runBy: 'auditor', version: '0.1.0' };

let folder: string;
let dataDir: string;
let bundle: BundleResult;
let again: BundleResult;

async function makeBundle(name: string, keyFile: string, report = 'traceability'): Promise<BundleResult> {
  const reader = await openReader(dataDir);
  try {
    const signer = await bundleSigner(evidenceConfigSchema.parse({ signing_key_file: keyFile }));
    const landing = { readMember: async (batch: number, member: number) => Promise.resolve(reader.landing.unpackMember(batch, member)) };
    const result = await runReport({ db: reader.db, landing }, report, { ...RUN, outDir: join(folder, name), dataDir, bundle: { dataDir, signer, hasZip: true } });
    if (!result.bundle) throw new Error('no bundle was written');
    return result.bundle;
  } finally {
    reader.close();
  }
}

const key = async (): Promise<ReturnType<typeof publicKeyOfPem>> => publicKeyOfPem(await readFile(join(folder, 'key.pem.pub'), 'utf8'));
const manifestOf = async (path: string): Promise<BundleManifest> => JSON.parse(await readFile(join(path, 'manifest.json'), 'utf8')) as BundleManifest;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'whoran-bundle-'));
  const made = await runDemo(join(folder, 'demo'), RUN.now, () => undefined);
  dataDir = made.data;
  const keyFile = join(folder, 'key.pem');
  await newKeyFile(keyFile);
  bundle = await makeBundle('first', keyFile);
  again = await makeBundle('second', keyFile);
}, 120_000);
afterAll(() => rm(folder, { recursive: true, force: true }));

test.each(['folder', 'zip'])('the %s verifies, replays, and agrees with the data folder that it came from', async (form) => {
  const path = form === 'zip' ? (bundle.zip ?? '') : bundle.path;
  const verification = await verifyPath({
    path,
    key: await key(),
    further: [replayCheck, async ({ folder: open, manifest }) => checkAgainstData(open, manifest, dataDir, recordRoot)],
  });
  expect(verification.faults).toEqual([]);
  expect(verification.verdict).toBe('intact');
  expect(verification.proved.map(({ id }) => id)).toEqual(expect.arrayContaining(['replay', 'data_logs', 'data_batches']));
  expect(verification.counts.records).toBe(Object.values(bundle.records).reduce((sum, count) => sum + count, 0));
  expect(bundle.missing_records).toBe(0);
});

test('the same data, period, time and key give the same bytes', async () => {
  expect(again.manifest_sha256).toBe(bundle.manifest_sha256);
  expect(await readFile(again.zip ?? '')).toEqual(await readFile(bundle.zip ?? ''));
});

test.each(['sign-in-to-session', 'exceptions', 'token-expiry', 'access-changes'])('%s: its bundle verifies and replays, and every record that it names is enclosed', async (report) => {
  const made = await makeBundle(report, join(folder, 'key.pem'), report);
  const verification = await verifyPath({ path: made.path, key: await key(), further: [replayCheck] });
  expect(verification.faults).toEqual([]);
  expect(verification.proved.map(({ id }) => id)).toContain('replay');
  expect(made.missing_records).toBe(0);
  expect(verification.counts.records).toBeGreaterThan(0);
  // Who was in a group: pages of snapshots before and after.
  if (report === 'exceptions') expect(made.records['directory']).toBeGreaterThan(1);
});

test.each(['completeness', 'control-index'])('%s: its bundle verifies and replays; it counts, and names no record', async (report) => {
  const made = await makeBundle(report, join(folder, 'key.pem'), report);
  const verification = await verifyPath({ path: made.path, key: await key(), further: [replayCheck] });
  expect(verification.faults).toEqual([]);
  expect(verification.proved.map(({ id }) => id)).toContain('replay');
  expect(made.records).toEqual({});
});

test('no session token is in it', async () => {
  const { files } = await manifestOf(bundle.path);
  const texts = await Promise.all(files.map(async ({ path }) => readFile(join(bundle.path, path), 'latin1')));
  const tokens = texts.flatMap((text) => [...text.matchAll(/\\?"sessionToken\\?"\s*:\s*\\?"([^"\\]*)/g)].map(([, value]) => value ?? ''));
  expect(tokens.length).toBeGreaterThan(0);
  for (const token of tokens) expect(token).toMatch(/^[0-9a-f]{64}$/);
});

test.each<[string, string, (text: string) => string, RegExp]>([
  ['a row of a table', 'tables/rpt_traceability_totals.jsonl', (text) => text.replace(/"population":(\d+)/, '"population":1$1'), /^tables\/rpt_traceability_totals\.jsonl$/],
  ['a query', 'program/queries/reports/rpt_traceability_totals.sql', (text) => text.replaceAll("'traced'", "'not_traced'"), /^tables\/rpt_traceability_totals/],
  ['a number on the page', 'report/traceability_20260112T000000Z_20260115T000000Z.html', (text) => text.replace('End of report', 'End of the report'), /\.html$/],
  ['a line of CSV', 'tables/rpt_traceability_reasons.csv', (text) => text.replace('\r\n', '\r\nx'), /rpt_traceability_reasons\.csv$/],
])('whoever signs %s that does not follow from the inputs is found by replay', async (_, path, change, file) => {
  const altered = join(folder, 'altered');
  await cp(bundle.path, altered, { recursive: true });
  const text = await readFile(join(altered, path), 'utf8');
  const changed = change(text);
  expect(changed).not.toBe(text);
  await writeFile(join(altered, path), changed);
  const { faults } = await replayBundle(altered, await manifestOf(altered));
  await rm(altered, { recursive: true });
  expect(faults.map((fault) => fault.file)).toEqual(expect.arrayContaining([expect.stringMatching(file)]));
});

test('SQL of a bundle opens no file', async () => {
  const altered = join(folder, 'hostile');
  await cp(bundle.path, altered, { recursive: true });
  const path = join(altered, 'program/queries/reports/rpt_traceability_reasons.sql');
  const text = await readFile(path, 'utf8');
  const header = text.slice(0, text.indexOf('---*/') + 5);
  await writeFile(path, `${header}\nselect content as reason, 1 as population, 0.1 as share from read_text('/etc/passwd')`);
  await expect(replayBundle(altered, await manifestOf(altered))).rejects.toThrow(/disabled/);
});
