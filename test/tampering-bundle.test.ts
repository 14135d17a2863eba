/**
 * Tampering with a bundle that the program made: every kind of file in it, every class of change, by forgers with and without the key. Each is found, or it
 * is said here, and in docs/verifying-a-bundle.md, that nothing in a bundle can show it.
 */
import { generateKeyPairSync, hash, sign, type KeyObject } from 'node:crypto';
import { copyFileSync, cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { deliver, makeWorld } from '../fixtures/world/index.ts';
import { findings } from '../src/answers/findings.ts';
import { configSchema } from '../src/config/config.ts';
import { checkBundleTimestamp } from '../src/evidence/check-timestamp.ts';
import { LogTree } from '../src/evidence/log-tree.ts';
import type { BundleManifest } from '../src/evidence/manifest.ts';
import type { Signer } from '../src/evidence/signer.ts';
import { signStatement } from '../src/evidence/statement.ts';
import { verifyPath } from '../src/evidence/verify-bundle.ts';
import { checkAgainstData } from '../src/evidence/check-data.ts';
import { recordRoot } from '../src/evidence/record-tree.ts';
import { appendDecisions } from '../src/landing/journal.ts';
import { bringUpToDate } from '../src/pipeline/bring-up-to-date.ts';
import { replayBundle } from '../src/pipeline/bundle-replay.ts';
import type { BundleSigner } from '../src/pipeline/bundle.ts';
import { zipFolder } from '../src/pipeline/bundle-zip.ts';
import { ingest } from '../src/pipeline/ingest.ts';
import { runReport } from '../src/pipeline/report.ts';
import { openReader } from '../src/store/reader.ts';
import { openWriter } from '../src/store/writer.ts';
import { verifyBundle } from '../src/verifier/verify.ts';
import { altered, below, beside, chosen, CONTENT_CHANGES, kindsOf, Matrix, pick, seeded, TAMPER_ROUNDS, TAMPER_SEED } from './tampering.ts';
import { timestampAuthority, type TimestampAuthority } from './timestamp-authority.ts';

const KINDS: readonly (readonly [RegExp, string])[] = [
  [/^README\.txt$/, 'page'], [/^manifest\.json$/, 'manifest'], [/^statement\.dsse\.json$/, 'statement'], [/^statement\.tsr$/, 'timestamp'],
  [/^report\/.*\.(?:html|csv|csv\.txt|json|xlsx|ocsf\.jsonl|oscal\.json)$/, 'report'],
  [/^tables\/.*\.jsonl$/, 'table rows'], [/^tables\/.*\.csv$/, 'table CSV'], [/^tables\/.*\.parquet$/, 'table Parquet'],
  [/^program\/queries\/.*\.sql$/, 'SQL'], [/^program\/reports\/.*\.md$/, 'definition'], [/^program\/queries\/controls\/.*\.yml$/, 'controls'],
  [/^inputs\/.*\.parquet$/, 'inputs'], [/^records\/.*\.jsonl$/, 'records'],
  [/^proofs\/batches\.jsonl$/, 'batch proofs'], [/^proofs\/journal\.jsonl$/, 'journal proofs'], [/^proofs\/heads\.jsonl$/, 'heads'],
];
const ABOUT_THE_REST = ['manifest', 'statement', 'timestamp'];
const isText = (path: string): boolean => !/\.(?:parquet|xlsx|tsr)$/.test(path);

const NOW = new Date('2026-01-19T06:00:00Z');
const signerOf = (): Signer => {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  return { name: 'a key of the test', publicKey, sign: async (message) => Promise.resolve(sign(null, message, privateKey)) };
};
const signer = signerOf();
const stranger = signerOf();
const random = seeded(TAMPER_SEED);
const matrix = new Matrix();
const made = mkdtempSync(join(tmpdir(), 'whoran-tampering-'));
const dataDir = join(made, 'data');
const folder = join(made, 'altered');
let whole: string;
let other: string;
let authority: TimestampAuthority;
let strangeAuthority: TimestampAuthority;
let kinds: Map<string, string[]>;

const at = (path: string): string => join(folder, path);
const filesOf = (root: string): string[] => readdirSync(root, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name).slice(root.length + 1)).sort();
const manifestOf = (root: string): BundleManifest => JSON.parse(readFileSync(join(root, 'manifest.json'), 'utf8')) as BundleManifest;
const bundleSigner = (): BundleSigner => ({
  async sign(into) {
    const { text, signature, keyId } = await signStatement(readFileSync(join(into, 'manifest.json')), signer, true);
    writeFileSync(join(into, 'statement.dsse.json'), text);
    writeFileSync(join(into, 'statement.tsr'), await authority.stamp(signature, NOW));
    return { keyId, timestampedAt: NOW.toISOString() };
  },
});

beforeAll(async () => {
  [authority, strangeAuthority] = await Promise.all([timestampAuthority('Example TSA'), timestampAuthority('Mallory TSA')]);
  const world = makeWorld({ days: 2, eventsPerDay: 20 });
  await deliver(world, join(made, 'logs'), { forms: 'all' });
  writeFileSync(join(made, 'registry.csv'), world.registry.csv());
  const writer = await openWriter(dataDir);
  await ingest(writer, [join(made, 'logs')]);
  await bringUpToDate(writer, configSchema.parse(world.config));
  // The newest batch is behind no row of the report, so that a ledger without it can be claimed.
  await ingest(writer, [join(made, 'registry.csv')], { isRegistry: true });
  await writer.publishAndClose();
  const reader = await openReader(dataDir);
  try {
    const landing = { readMember: async (batch: number, member: number) => Promise.resolve(reader.landing.unpackMember(batch, member)) };
    const found = (await findings({ db: reader.db, landing, dataDir })).findings;
    appendDecisions(dataDir, NOW.toISOString(), found.slice(0, 4).map(({ id }) => ({ by: 'ada@example.com', action: 'finding.acknowledge', subject: id, reason: 'known', detail: {} })));
    const bundleOf = async (to: string, name: string): Promise<string> => {
      const { bundle } = await runReport({ db: reader.db, landing }, 'exceptions', {
        from: new Date('2026-01-12T00:00:00Z'), to: new Date(to), now: NOW, runBy: 'auditor', version: '0.1.0', formats: ['html', 'csv', 'json', 'xlsx', 'oscal', 'ocsf'], outDir: join(made, name), dataDir,
        bundle: { dataDir, signer: bundleSigner(), hasZip: false },
      });
      return bundle?.path ?? '';
    };
    whole = await bundleOf('2026-01-14T00:00:00Z', 'first');
    other = await bundleOf('2026-01-13T00:00:00Z', 'second');
  } finally {
    reader.close();
  }
  kinds = kindsOf(filesOf(whole), KINDS);
  restore();
}, 120_000);
afterAll(() => {
  rmSync(made, { recursive: true, force: true });
});

function restore(): void {
  rmSync(folder, { recursive: true, force: true });
  cpSync(whole, folder, { recursive: true });
}

interface Check { readonly key?: KeyObject; readonly tsaCa?: boolean }

/** The files that a check finds at fault: `verify`, with `--key` and `--tsa-ca` where they are given. */
async function faultsOf({ key, tsaCa }: Check): Promise<string[]> {
  const { verification, envelope } = verifyBundle(folder, { key });
  const faults = verification.faults.map(({ file }) => file);
  if (tsaCa === true && envelope) faults.push(...(await checkBundleTimestamp(folder, envelope.signature, authority.trusted)).faults.map(({ file }) => file));
  return faults;
}
const isNamed = (faults: readonly string[], path: string): boolean => faults.some((file) => file === path || file.startsWith(`${path}:`));
const ALL: Check = { key: signer.publicKey, tsaCa: true };

/** Lists the files anew, and signs what comes of it, as whoever has a key can. The timestamp stays the old one unless another is made. */
async function seal(by: Signer, options: { readonly stamp?: 'old' | 'none' | TimestampAuthority; readonly stampedAt?: Date; readonly edit?: (manifest: Record<string, unknown> & { report: Record<string, unknown> }) => void } = {}): Promise<void> {
  const { stamp = 'old', stampedAt = NOW, edit } = options;
  const manifest = manifestOf(folder) as unknown as Record<string, unknown> & { report: Record<string, unknown> };
  const listed = filesOf(folder).filter((path) => !['manifest.json', 'statement.dsse.json', 'statement.tsr'].includes(path));
  manifest['files'] = listed.map((path) => ({ path, bytes: readFileSync(at(path)).length, sha256: hash('sha256', readFileSync(at(path)), 'hex') }));
  edit?.(manifest);
  const bytes = Buffer.from(`${JSON.stringify(manifest, null, 2)}\n`);
  writeFileSync(at('manifest.json'), bytes);
  const { text, signature } = await signStatement(bytes, by, stamp !== 'none');
  writeFileSync(at('statement.dsse.json'), text);
  if (stamp === 'none') rmSync(at('statement.tsr'));
  else if (stamp !== 'old') writeFileSync(at('statement.tsr'), await stamp.stamp(signature, stampedAt));
}
function unseal(): void {
  for (const path of ['manifest.json', 'statement.dsse.json', 'statement.tsr']) copyFileSync(join(whole, path), at(path));
}

/** A change of content that keeps the file of its sort, for what is signed anew afterwards. */
function edited(path: string): Buffer {
  const bytes = readFileSync(at(path));
  const change = CONTENT_CHANGES[pick(random, ['flip', 'insert', 'double'])];
  return change?.(bytes, random, isText(path)) ?? Buffer.concat([bytes, Buffer.from(' ')]);
}

test('the bundle is intact, and every file of it is of a kind', async () => {
  expect(await faultsOf(ALL)).toEqual([]);
  expect([...kinds.keys()].sort()).toEqual([...new Set(KINDS.map(([, kind]) => kind))].sort());
});

test('whoever has no key: each change is found, and the file is named', async () => {
  for (const [kind, paths] of kinds) {
    for (const path of chosen(random, paths)) {
      const bytes = readFileSync(at(path));
      const look = async (change: string, content: Buffer | undefined | { readonly link: string }, target = path): Promise<void> => {
        const faults = await altered(at(target), content, async () => faultsOf(ALL));
        // Another statement by the same signer is whole by itself: it is about another manifest.
        const isFound = isNamed(faults, target) || (kind === 'statement' && change === 'swap' && isNamed(faults, 'manifest.json'));
        matrix.add(kind, change, isFound, `${target} (${faults.slice(0, 3).join(', ')})`);
      };
      for (const [change, alter] of Object.entries(CONTENT_CHANGES)) {
        const content = alter(bytes, random, isText(path));
        if (content) await look(change, content);
      }
      await look('delete', undefined);
      await look('add', bytes, beside(path));
      await look('link', { link: join(whole, path) });
      const theirs = kindsOf(filesOf(other), KINDS).get(kind) ?? [];
      const twin = theirs.includes(path) && !readFileSync(join(other, path)).equals(bytes) ? path : theirs.find((one) => !readFileSync(join(other, one)).equals(bytes));
      if (twin !== undefined) await look('swap', readFileSync(join(other, twin)));
    }
  }
  expect(matrix.missed).toEqual([]);
}, 300_000 * TAMPER_ROUNDS);

test('whoever lists the files anew, or signs with a key or an authority of their own, is found', async () => {
  for (const [kind, paths] of kinds) {
    if (ABOUT_THE_REST.includes(kind)) continue;
    for (const path of chosen(random, paths)) {
      await altered(at(path), edited(path), async () => {
        const look = async (change: string, check: Check, by: Signer, options: Parameters<typeof seal>[1] = {}): Promise<void> => {
          await seal(by, options);
          const faults = await faultsOf(check);
          matrix.add(kind, change, isNamed(faults, 'statement.dsse.json') || isNamed(faults, 'statement.tsr'), `${path} (${faults.slice(0, 3).join(', ')})`);
          unseal();
        };
        await look('other key, --key', { key: signer.publicKey }, stranger, { stamp: 'none' });
        await look('other key, --tsa-ca', { tsaCa: true }, stranger);
        await look('own key, old timestamp', ALL, signer);
        await look('own key, other authority', ALL, signer, { stamp: strangeAuthority });
        // Listed anew, and not signed.
        await seal(signer);
        copyFileSync(join(whole, 'statement.dsse.json'), at('statement.dsse.json'));
        const faults = await faultsOf({ key: signer.publicKey });
        matrix.add(kind, 'listed anew', isNamed(faults, 'manifest.json'), path);
        unseal();
      });
    }
  }
  expect(matrix.missed).toEqual([]);
}, 300_000 * TAMPER_ROUNDS);

test('backdating: facts, statement and timestamp', async () => {
  const early = (manifest: { report: Record<string, unknown> }): void => { manifest.report['run_at'] = '2026-01-14T00:00:00Z'; };
  for (const [change, by, options, check] of [
    ['other key, --key', stranger, { stamp: 'none' }, { key: signer.publicKey }],
    ['other key, --tsa-ca', stranger, { stamp: strangeAuthority, stampedAt: new Date('2026-01-14T00:00:00Z') }, { tsaCa: true }],
    ['own key, old timestamp', signer, {}, ALL],
    ['own key, other authority', signer, { stamp: strangeAuthority, stampedAt: new Date('2026-01-14T00:00:00Z') }, ALL],
  ] as const) {
    await seal(by, { ...options, edit: early });
    matrix.add('manifest', change, (await faultsOf(check)).length > 0, 'run_at');
    unseal();
  }
  // The statement alone: payload changed, signature kept.
  const envelope = JSON.parse(readFileSync(at('statement.dsse.json'), 'utf8')) as { payload: string };
  envelope.payload = Buffer.from(Buffer.from(envelope.payload, 'base64').toString().replace('2026-01-19T06', '2026-01-14T06')).toString('base64');
  await altered(at('statement.dsse.json'), Buffer.from(`${JSON.stringify(envelope)}\n`), async () => {
    matrix.add('statement', 'backdate', isNamed(await faultsOf({ key: signer.publicKey }), 'statement.dsse.json'), 'payload');
  });
  // The timestamp's own time, and one that the authority gave for something else.
  const stamp = readFileSync(at('statement.tsr'));
  const time = stamp.indexOf('20260119060000Z');
  expect(time).toBeGreaterThan(0);
  for (const content of [Buffer.concat([stamp.subarray(0, time), Buffer.from('20260114060000Z'), stamp.subarray(time + 15)]), await authority.stamp(Buffer.from('another signature'), new Date('2026-01-14T00:00:00Z'))]) {
    await altered(at('statement.tsr'), content, async () => {
      matrix.add('timestamp', 'backdate', isNamed(await faultsOf(ALL), 'statement.tsr'), 'genTime');
    });
  }
  expect(matrix.missed).toEqual([]);

  // Signed and stamped by the right ones, facts that are not true: nothing in the bundle contradicts it, and the timestamp says when it was really there.
  await seal(signer, { stamp: authority, edit: early });
  const verification = await verifyPath({ path: folder, key: signer.publicKey, trusted: authority.trusted });
  expect(verification.verdict).toBe('intact');
  expect(verification.proved.find(({ id }) => id === 'timestamp')?.text).toContain('2026-01-19T06:00:00Z');
  expect(verification.attested.map(({ id }) => id)).toContain('report_facts');
  unseal();
  matrix.note('not provable: run_at and run_by, where the signer himself states others (attested: report_facts). A timestamp says when the signature was there at the latest.');
});

/** The bundle's proofs made again for the first `size` lines of the ledger: what a signer can do who forgets the rest. */
function rollBackLedger(size: number, isConsistent: boolean): (manifest: Record<string, unknown>) => void {
  const path = join(made, 'ledger-rolled-back.jsonl');
  writeFileSync(path, readFileSync(join(dataDir, 'landing/ledger.jsonl'), 'utf8').split('\n').slice(0, size).map((line) => `${line}\n`).join(''));
  const tree = new LogTree(path);
  if (isConsistent) {
    const proofs = readFileSync(at('proofs/batches.jsonl'), 'utf8').trimEnd().split('\n').map((line) => JSON.parse(line) as Record<string, unknown>);
    writeFileSync(at('proofs/batches.jsonl'), proofs.map((proof) => `${JSON.stringify({ ...proof, ledger_proof: tree.line(Number(proof['batch'])).proof })}\n`).join(''));
    const [, journal = ''] = readFileSync(at('proofs/heads.jsonl'), 'utf8').split('\n');
    const { text, proof } = tree.line(size);
    writeFileSync(at('proofs/heads.jsonl'), `${JSON.stringify({ log: 'ledger', line: text, proof })}\n${journal}\n`);
  }
  return (manifest) => { manifest['ledger'] = tree.head; };
}

test('a ledger that was rolled back: contradicted by the proofs, by another bundle, by the data folder', async () => {
  const size = manifestOf(whole).ledger.tree_size;
  const newest = Math.max(...readFileSync(at('proofs/batches.jsonl'), 'utf8').trimEnd().split('\n').map((line) => (JSON.parse(line) as { batch: number }).batch));
  expect(newest).toBeLessThan(size);
  for (const cut of new Set([newest, size - 1, newest + below(random, size - newest)])) {
    await seal(signer, { stamp: authority, edit: rollBackLedger(cut, false) });
    const faults = await faultsOf(ALL);
    matrix.add('heads', 'roll back', isNamed(faults, 'proofs/heads.jsonl') && isNamed(faults, 'proofs/batches.jsonl'), `to ${cut}: ${faults.slice(0, 3).join(', ')}`);
    unseal();
  }
  // Counting more or fewer lines than there are, with the root that is right for the others' paths.
  for (const tree_size of [size - 1, size + 1, size * 2]) {
    await seal(signer, { stamp: authority, edit: (manifest) => { manifest['ledger'] = { ...manifestOf(whole).ledger, tree_size }; } });
    matrix.add('heads', 'roll back', isNamed(await faultsOf(ALL), 'proofs/heads.jsonl'), `counting ${tree_size}`);
    unseal();
  }
  expect(matrix.missed).toEqual([]);

  // Everything made again for a shorter ledger: that is what an earlier bundle looks like. A second bundle of the signer says that there was more.
  await seal(signer, { stamp: authority, edit: rollBackLedger(size - 1, true) });
  expect(await faultsOf(ALL)).toEqual([]);
  const shorter = verifyBundle(folder, { key: signer.publicKey }).manifest;
  expect(shorter?.ledger.tree_size).toBe(manifestOf(other).ledger.tree_size - 1);
  const again = await checkAgainstData(folder, shorter!, dataDir, recordRoot);
  expect(again.faults).toEqual([]);
  restore();
  matrix.note('not provable from one bundle: that the signer left the newest lines of his ledger out and made every proof again. It is then as good as an earlier bundle; another of his bundles counts more (`whoran diff`).');
}, 120_000);

test('the signer’s own hand: what the proofs and the replay find, and what nobody can', async () => {
  const change = (path: string, alter: (text: string) => string): void => {
    const text = readFileSync(at(path), 'utf8');
    const changed = alter(text);
    expect(changed, path).not.toBe(text);
    writeFileSync(at(path), changed);
  };
  const tables = (kinds.get('table rows') ?? []).map((path) => path.slice('tables/'.length, -'.jsonl'.length)).filter((id) => readFileSync(at(`tables/${id}.jsonl`), 'utf8').includes('\n{'));
  const [rows, csv] = [pick(random, tables), pick(random, tables)];
  const parquet = tables.find((id) => existsSync(join(other, `tables/${id}.jsonl`)) && !readFileSync(join(other, `tables/${id}.jsonl`)).equals(readFileSync(at(`tables/${id}.jsonl`)))) ?? '';
  const reports = kinds.get('report') ?? [];
  // One replay finds them all: each file is compared by itself.
  const expected = new Map<string, string>([[`tables/${rows}.jsonl`, 'table rows'], [`tables/${csv}.csv`, 'table CSV'], [`tables/${parquet}.parquet`, 'table Parquet'], ['README.txt', 'page'], ['tables/rpt_made_up.csv', 'table CSV']]);
  change(`tables/${rows}.jsonl`, (text) => text.replace(/^.*\n/, ''));
  change(`tables/${csv}.csv`, (text) => `${text}x\r\n`);
  copyFileSync(join(other, `tables/${parquet}.parquet`), at(`tables/${parquet}.parquet`));
  change('README.txt', (text) => text.replace('auditor', 'somebody'));
  writeFileSync(at('tables/rpt_made_up.csv'), 'a,b\r\n1,2\r\n');
  for (const path of reports) {
    expected.set(path, 'report');
    // A workbook of another period, since a longer file is no zip.
    if (path.endsWith('.xlsx')) copyFileSync(join(other, 'report', readdirSync(join(other, 'report')).find((name) => name.endsWith('.xlsx')) ?? ''), at(path));
    else change(path, (text) => `${text} `);
  }
  const { faults } = await replayBundle(folder, manifestOf(folder));
  for (const [path, kind] of expected) matrix.add(kind, 'own key, --replay', faults.some(({ file }) => file === path), path);
  restore();

  for (const [kind, path, alter] of [
    ['SQL', 'program/queries/reports/rpt_exceptions_rows.sql', (text: string) => text.replace("where source <> 'landing'", "where source = 'cloudtrail'")],
    ['definition', 'program/reports/exceptions.md', (text: string) => text.replace(/\n(#+ )/, '\nNothing to see.\n\n$1')],
    ['controls', 'program/queries/controls/soc2.yml', (text: string) => text.replace(/CC6\.1:\n.*\n/, 'CC6.1: Nothing\n')],
  ] as const) {
    change(path, alter);
    const again = await replayBundle(folder, manifestOf(folder)).then((result) => result.faults.length > 0, () => true);
    matrix.add(kind, 'own key, --replay', again, path);
    restore();
  }
  copyFileSync(at('inputs/stg_ecs_events.parquet'), at('inputs/stg_task_events.parquet'));
  matrix.add('inputs', 'own key, --replay', await replayBundle(folder, manifestOf(folder)).then((result) => result.faults.length > 0, () => true), 'inputs');
  restore();

  // Records and proofs contradict each other, whoever signed: by the small verifier, without a replay.
  for (const kind of ['records', 'batch proofs', 'journal proofs', 'heads']) {
    for (const path of chosen(random, (kinds.get(kind) ?? []).filter((one) => readFileSync(at(one)).length > 0))) {
      await altered(at(path), edited(path), async () => {
        await seal(signer, { stamp: authority });
        matrix.add(kind, 'own key, new timestamp', (await faultsOf(ALL)).length > 0, path);
        unseal();
      });
    }
  }
  matrix.note('not provable: inputs, and tables that follow from them, where the signer made both up and no enclosed record speaks of them (docs/evidence-bundle.md).');
  expect(matrix.missed).toEqual([]);
}, 300_000);

test('a zip whose members were replaced, linked, renamed or doubled', async () => {
  const zipped = async (name: string): Promise<string> => zipFolder(folder, join(made, name));
  let number = 0;
  for (const [kind, paths] of kinds) {
    // A zip takes ten times as long as a folder: some kinds in the gate, every one with more rounds.
    if (TAMPER_ROUNDS === 1 && !['records', 'batch proofs', 'table rows', 'manifest', 'timestamp'].includes(kind)) continue;
    const path = pick(random, paths.filter((one) => readFileSync(at(one)).length > 0));
    const content = CONTENT_CHANGES['flip']?.(readFileSync(at(path)), random, true);
    number += 1;
    const zip = await altered(at(path), content, async () => zipped(`${number}.zip`));
    const { faults } = await verifyPath({ path: zip, key: signer.publicKey, trusted: authority.trusted });
    matrix.add(kind, 'zip member', isNamed(faults.map(({ file }) => file), path), path);
    rmSync(zip);
  }
  const bytes = readFileSync(await zipped('whole.zip'));
  expect((await verifyPath({ path: join(made, 'whole.zip'), key: signer.publicKey, trusted: authority.trusted })).faults).toEqual([]);
  const entry = (name: string): number => bytes.lastIndexOf(name);
  const HEADER = 46;
  const changes: Record<string, (zip: Buffer) => void> = {
    'a member made a link': (zip) => { zip.writeUInt32LE((0o120777 << 16) >>> 0, entry('altered/README.txt') - HEADER + 38); },
    'a member renamed': (zip) => { zip.write('altered/readme.txt', entry('altered/README.txt')); },
    'a member that leads out': (zip) => { zip.write('altered/../../x.tx', entry('altered/README.txt')); },
    'a member twice': (zip) => { zip.write('altered/tables/rpt_sources.csv', entry('altered/tables/rpt_rejects.csv')); },
  };
  for (const [what, change] of Object.entries(changes)) {
    const zip = Buffer.from(bytes);
    change(zip);
    expect(zip.equals(bytes), what).toBe(false);
    writeFileSync(join(made, 'changed.zip'), zip);
    const isFound = await verifyPath({ path: join(made, 'changed.zip'), key: signer.publicKey }).then(({ verdict }) => verdict === 'altered', (error: unknown) => (error as { exitCode?: number }).exitCode === 1);
    matrix.add('zip', 'zip member', isFound, what);
  }
  expect(existsSync(join(made, '..', 'x.tx'))).toBe(false);
  expect(matrix.missed).toEqual([]);
}, 300_000);

test('tried and caught', () => {
  process.stdout.write(`${matrix.text(`bundle, seed ${TAMPER_SEED}, rounds ${TAMPER_ROUNDS}`)}\n`);
  expect(matrix.caught).toBe(matrix.tried);
  expect(matrix.tried).toBeGreaterThan(200);
});
