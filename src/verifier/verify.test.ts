import { createPublicKey, generateKeyPairSync, hash, sign } from 'node:crypto';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { makeBundle } from '../../bench/made-bundle.ts';
import type { Signer } from '../evidence/signer.ts';
import { signStatement } from '../evidence/statement.ts';
import { keyIdOf } from './dsse.ts';
import { verificationLines } from './lines-of.ts';
import { RecordIndex } from './record-index.ts';
import type { Verification } from './verification.ts';
import { verifyBundle } from './verify.ts';

function signerOf(): Signer {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  return { name: 'a key of the test', publicKey, sign: async (message) => Promise.resolve(sign(null, message, privateKey)) };
}

const signer = signerOf();
const stranger = signerOf();
const made = mkdtempSync(join(tmpdir(), 'whoran-bundle-'));
const folder = join(made, 'altered');
const SIZES = { batches: 4, recordsPerBatch: 13, every: 3, textBytes: 400, journalLines: 3 };

beforeAll(async () => {
  await makeBundle({ folder: join(made, 'whole'), signer, ...SIZES });
  await makeBundle({ folder: join(made, 'other'), signer, ...SIZES, batches: 5 });
  await makeBundle({ folder: join(made, 'redacted'), signer, ...SIZES, isRedacted: true });
});
afterAll(() => {
  rmSync(made, { recursive: true });
});
beforeEach(() => {
  rmSync(folder, { recursive: true, force: true });
  cpSync(join(made, 'whole'), folder, { recursive: true });
});

const check = (key: Signer | null = signer): Verification => verifyBundle(folder, { key: key?.publicKey }).verification;
const at = (path: string): string => join(folder, path);
const read = (path: string): string => readFileSync(at(path), 'utf8');
const ids = (findings: readonly { id: string }[]): string[] => findings.map(({ id }) => id);
const files = (verification: Verification): string[] => verification.faults.map(({ file }) => file);

/** Changes a file, and puts its length and hash into the manifest, which is signed anew: what a signer's own mistake, or lie, looks like. */
async function resign(edits: Readonly<Record<string, (text: string) => string>>, editManifest = (_: Record<string, unknown>): void => undefined): Promise<void> {
  const manifest = JSON.parse(read('manifest.json')) as Record<string, unknown> & { files: { path: string; bytes: number; sha256: string }[] };
  for (const [path, edit] of Object.entries(edits)) {
    const text = edit(read(path));
    writeFileSync(at(path), text);
    const entry = manifest.files.find((file) => file.path === path)!;
    Object.assign(entry, { bytes: Buffer.byteLength(text), sha256: hash('sha256', text, 'hex') });
  }
  editManifest(manifest);
  const bytes = Buffer.from(JSON.stringify(manifest));
  writeFileSync(at('manifest.json'), bytes);
  writeFileSync(at('statement.dsse.json'), (await signStatement(bytes, signer, false)).text);
}

const lines = (text: string): string[] => text.trimEnd().split('\n');
const joined = (all: readonly string[]): string => all.map((line) => `${line}\n`).join('');
/** Edits line `number`, counted from 0, as JSON. */
const editLine = (number: number, edit: (line: Record<string, unknown>) => void) => (text: string): string =>
  joined(lines(text).map((line, index) => {
    if (index !== number) return line;
    const json = JSON.parse(line) as Record<string, unknown>;
    edit(json);
    return JSON.stringify(json);
  }));

test('an intact bundle: what is proved, attested, and not checked', () => {
  const verification = check();
  expect(verification.faults).toEqual([]);
  expect(verification).toMatchObject({
    schema: 'whoran.verification/1',
    verdict: 'intact',
    signer: { key_id: keyIdOf(signer.publicKey), is_named_key: true },
    counts: { files: 11, records: 20, records_attested: 0, batches: 4, journal_lines: 3, table_rows: 20, evidence: 20 },
  });
  expect(ids(verification.proved)).toEqual(['statement', 'files', 'records', 'record_trees', 'ledger', 'journal', 'ledger_size', 'journal_size', 'evidence']);
  expect(ids(verification.attested)).toEqual(['report_facts', 'roots', 'record_roots']);
  expect(ids(verification.not_checked)).toEqual(['time', 'replay', 'data']);
});

test('without a key, the bundle is held against its own, and that is said', () => {
  const verification = check(null);
  expect([verification.verdict, verification.signer.is_named_key]).toEqual(['intact', null]);
  expect(verification.not_checked[0]).toMatchObject({ id: 'signer_identity' });
  expect(verificationLines(verification).join('\n')).toContain('NOT compared with any');
});

test('a bundle that somebody else signed: intact by itself, altered by the signer’s key', async () => {
  rmSync(folder, { recursive: true });
  await makeBundle({ folder, signer: stranger, ...SIZES });
  expect(check(null).verdict).toBe('intact');
  const verification = check();
  expect(verification).toMatchObject({ verdict: 'altered', signer: { key_id: null, is_named_key: false } });
  expect(ids(verification.proved)).not.toContain('statement');
  expect(verification.faults[0]).toEqual({ file: 'statement.dsse.json', expected: `a signature by key ${keyIdOf(signer.publicKey)}`, found: `one by key ${keyIdOf(stranger.publicKey)}` });
});

test('a redacted bundle: the records are attested, their places still proved', () => {
  rmSync(folder, { recursive: true });
  cpSync(join(made, 'redacted'), folder, { recursive: true });
  const verification = check();
  expect(verification.faults).toEqual([]);
  expect(verification.counts.records_attested).toBe(20);
  expect(ids(verification.proved)).toEqual(['statement', 'files', 'record_trees', 'ledger', 'journal', 'ledger_size', 'evidence']);
  expect(ids(verification.attested)).toEqual(expect.arrayContaining(['redacted_records', 'journal_size']));
});

const EVERY_FILE = ['README.txt', 'inputs/made.parquet', 'manifest.json', 'proofs/batches.jsonl', 'proofs/journal.jsonl', 'queries/reports/rpt_made.sql', 'records/cloudtrail.jsonl', 'records/sign_ins.jsonl', 'report/report.html', 'statement.dsse.json', 'tables/rpt_made.csv', 'tables/rpt_made.jsonl'];

test.each(EVERY_FILE)('%s: any flipped bit, cut, doubled, deleted, swapped, linked: found, and named', (path) => {
  const whole = readFileSync(at(path));
  const missed: string[] = [];
  const expectFound = (what: string): void => {
    const verification = check();
    const isNamed = files(verification).some((file) => file.startsWith(path)) || path === 'manifest.json' || path === 'statement.dsse.json';
    if (verification.verdict !== 'altered' || !isNamed) missed.push(`${what}: ${JSON.stringify(verification.faults[0] ?? null)}`);
  };
  fc.assert(
    fc.property(fc.nat({ max: whole.length - 1 }), fc.nat({ max: 7 }), (place, bit) => {
      writeFileSync(at(path), Buffer.from(whole.map((byte, index) => (index === place ? byte ^ (1 << bit) : byte))));
      expectFound(`flip ${place}.${bit}`);
    }),
    { numRuns: 60 },
  );
  for (const [what, bytes] of [['truncate', whole.subarray(0, -1)], ['empty', Buffer.alloc(0)], ['append', Buffer.concat([whole, Buffer.from('\n')])], ['double', Buffer.concat([whole, whole])]] as const) {
    writeFileSync(at(path), bytes);
    expectFound(what);
  }
  rmSync(at(path));
  expectFound('delete');
  symlinkSync(join(made, 'whole', path), at(path));
  expectFound('link');
  rmSync(at(path));
  mkdirSync(at(path));
  expectFound('folder');
  rmSync(at(path), { recursive: true });
  const other = readFileSync(join(made, 'other', path));
  if (!other.equals(whole)) {
    writeFileSync(at(path), other);
    expectFound('swap');
  }
  expect(missed).toEqual([]);
});

test('what is added is found: files, folders, links, a second report', () => {
  for (const [path, make] of [
    ['report/extra.html', (): void => { writeFileSync(at('report/extra.html'), ''); }],
    ['statement.tsr', (): void => { writeFileSync(at('statement.tsr'), 'x'); }],
    ['empty', (): void => { mkdirSync(at('empty')); }],
    ['link', (): void => { symlinkSync('/etc', at('link')); }],
    ['.hidden', (): void => { writeFileSync(at('.hidden'), ''); }],
  ] as const) {
    make();
    expect(files(check())).toContain(path);
    rmSync(at(path), { recursive: true });
  }
  expect(check().verdict).toBe('intact');
});

test.each([
  ['tables/../../x', 'a plain relative path'],
  ['/etc/passwd', 'a plain relative path'],
  ['a\\b', 'a plain relative path'],
  ['report/', 'a plain relative path'],
  ['report/report.html', 'each file once'],
  ['Report/report.html', 'no other file than report/report.html with these letters'],
  ['manifest.json', 'any file but the manifest and the statement'],
])('a manifest that lists %s is refused, whoever signed it', async (path, expected) => {
  await resign({}, (manifest) => {
    (manifest['files'] as object[]).push({ path, bytes: 0, sha256: hash('sha256', '', 'hex') });
  });
  expect(check().faults.map((fault) => fault.expected)).toContain(expected);
});

/** Faults of content: the signer signed them, so that only what the files say of each other shows them. */
test.each<[string, string, Parameters<typeof resign>[0]]>([
  ['a record’s text', 'records/cloudtrail.jsonl:2', { 'records/cloudtrail.jsonl': editLine(1, (line) => { line['text'] = String(line['text']).replace('RunTask', 'StopTask'); }) }],
  ['a record’s text and hash', 'proofs/batches.jsonl:1', { 'records/cloudtrail.jsonl': editLine(1, (line) => { line['text'] = String(line['text']).replace('RunTask', 'StopTask'); line['sha256'] = hash('sha256', String(line['text']), 'hex'); }) }],
  ['a record’s id', 'records/cloudtrail.jsonl:1', { 'records/cloudtrail.jsonl': editLine(0, (line) => { line['record_id'] = '00000000-0000-4000-8000-000000000000'; }) }],
  ['a record’s owner', 'tables/rpt_made.jsonl:1', { 'records/cloudtrail.jsonl': editLine(0, (line) => { line['owner_id'] = '444455556666'; }) }],
  ['a record’s place', 'proofs/batches.jsonl:1', { 'records/cloudtrail.jsonl': editLine(0, (line) => { line['leaf'] = 1; }) }],
  ['a place beyond the batch', 'proofs/batches.jsonl:1', { 'records/cloudtrail.jsonl': editLine(2, (line) => { line['leaf'] = 400; }) }],
  ['a record withheld', 'records/cloudtrail.jsonl:1', { 'records/cloudtrail.jsonl': editLine(0, (line) => { line['text'] = null; }) }],
  ['a record of another source', 'records/sign_ins.jsonl:1', { 'records/sign_ins.jsonl': editLine(0, (line) => { line['source'] = 'cloudtrail'; }) }],
  ['a record without a source', 'records/cloudtrail.jsonl:1', { 'records/cloudtrail.jsonl': editLine(0, (line) => { delete line['source']; line['sourcf'] = 'cloudtrail'; }) }],
  ['records in another order', 'records/cloudtrail.jsonl:2', { 'records/cloudtrail.jsonl': (text) => joined([lines(text)[1]!, lines(text)[0]!, ...lines(text).slice(2)]) }],
  ['a record twice', 'records/cloudtrail.jsonl:2', { 'records/cloudtrail.jsonl': (text) => joined([lines(text)[0]!, ...lines(text)]) }],
  ['a record left out', 'proofs/batches.jsonl:1', { 'records/cloudtrail.jsonl': (text) => joined(lines(text).slice(1)) }],
  ['a ledger line', 'proofs/batches.jsonl:2', { 'proofs/batches.jsonl': editLine(1, (line) => { line['ledger_line'] = String(line['ledger_line']).replace('files', 'filez'); }) }],
  ['a ledger line of another batch', 'proofs/batches.jsonl:2', { 'proofs/batches.jsonl': editLine(1, (line) => { line['batch'] = 3; }) }],
  ['a batch’s line left out', 'proofs/batches.jsonl', { 'proofs/batches.jsonl': (text) => joined(lines(text).slice(1)) }],
  ['a batch’s line twice', 'proofs/batches.jsonl:2', { 'proofs/batches.jsonl': (text) => joined([lines(text)[0]!, ...lines(text)]) }],
  ['a batch’s count of records', 'proofs/batches.jsonl:1', { 'proofs/batches.jsonl': editLine(0, (line) => { line['records'] = 14; }) }],
  ['a batch’s root', 'proofs/batches.jsonl:1', { 'proofs/batches.jsonl': editLine(0, (line) => { line['record_root'] = '0'.repeat(64); }) }],
  ['a proof cut short', 'proofs/batches.jsonl:1', { 'proofs/batches.jsonl': editLine(0, (line) => { (line['record_proof'] as string[]).pop(); }) }],
  ['a path cut short', 'proofs/batches.jsonl:1', { 'proofs/batches.jsonl': editLine(0, (line) => { (line['ledger_proof'] as string[]).pop(); }) }],
  ['a decision', 'proofs/journal.jsonl:1', { 'proofs/journal.jsonl': editLine(0, (line) => { line['line'] = String(line['line']).replace('acknowledge', 'suppress'); }) }],
  ['a decision without its path', 'proofs/journal.jsonl:1', { 'proofs/journal.jsonl': editLine(0, (line) => { delete line['proof']; }) }],
  ['the last line of the ledger', 'proofs/heads.jsonl:1', { 'proofs/heads.jsonl': editLine(0, (line) => { line['line'] = String(line['line']).replace('files', 'filez'); }) }],
  ['another line of the ledger as its last', 'proofs/heads.jsonl:1', { 'proofs/heads.jsonl': editLine(0, (line) => { line['line'] = String(line['line']).replace('"seq":7', '"seq":6'); }) }],
  ['the last line of the ledger withheld', 'proofs/heads.jsonl:1', { 'proofs/heads.jsonl': editLine(0, (line) => { Object.assign(line, { line: null, proof: [] }); }) }],
  ['the last line of the journal without its path', 'proofs/heads.jsonl:2', { 'proofs/heads.jsonl': editLine(1, (line) => { line['proof'] = []; }) }],
  ['last lines in another order', 'proofs/heads.jsonl:1', { 'proofs/heads.jsonl': (text) => joined(lines(text).reverse()) }],
  ['no last line of the journal', 'proofs/heads.jsonl', { 'proofs/heads.jsonl': (text) => joined(lines(text).slice(0, 1)) }],
  ['a last line more', 'proofs/heads.jsonl:3', { 'proofs/heads.jsonl': (text) => joined([...lines(text), lines(text)[1]!]) }],
  ['evidence that is not enclosed', 'tables/rpt_made.jsonl:3', { 'tables/rpt_made.jsonl': editLine(2, (line) => { (line['evidence'] as { sha256: string }[])[0]!.sha256 = '0'.repeat(64); }) }],
  ['rows left out', 'tables/rpt_made.jsonl', { 'tables/rpt_made.jsonl': (text) => joined(lines(text).slice(1)) }],
  ['no line break at the end', 'tables/rpt_made.jsonl:20', { 'tables/rpt_made.jsonl': (text) => text.trimEnd() }],
  ['a line of no JSON', 'records/cloudtrail.jsonl:13', { 'records/cloudtrail.jsonl': (text) => `${text}x\n` }],
])('the signer signed %s that does not fit: %s', async (_, place, edits) => {
  await resign(edits);
  const verification = check();
  expect(verification.verdict).toBe('altered');
  expect(files(verification)).toContain(place);
});

test.each<[string, (manifest: Record<string, unknown>) => void]>([
  ['the ledger rolled back', (manifest) => { Object.assign(manifest['ledger'] as object, { tree_size: 3 }); }],
  ['another ledger', (manifest) => { Object.assign(manifest['ledger'] as object, { root: '0'.repeat(64) }); }],
  ['another journal', (manifest) => { Object.assign(manifest['journal'] as object, { head_sha256: '0'.repeat(64) }); }],
  ['a redaction that is none', (manifest) => { manifest['redaction'] = { people: 1, addresses: 0, records_attested: 1, ledger_lines_attested: 0, journal_lines_attested: 0 }; }],
  ['a table that is not there', (manifest) => { (manifest['tables'] as Record<string, object>)['gone'] = { rows: 0 }; }],
  ['another schema', (manifest) => { manifest['schema'] = 'whoran.bundle/2'; }],
])('the signer signed a manifest with %s', async (_, edit) => {
  await resign({}, edit);
  expect(check().verdict).toBe('altered');
});

test('facts that differ from those signed are named', () => {
  writeFileSync(at('manifest.json'), read('manifest.json').replace('"run_by": "ada"', '"run_by": "eve"'));
  const { faults } = check();
  expect(faults.map(({ expected }) => expected)).toEqual([expect.stringContaining('the SHA-256 that was signed'), expect.stringContaining('"report" as it was signed')]);
});

test('nothing of a hostile bundle reaches the terminal', () => {
  renameSync(at('README.txt'), at('\u001b[31mREADME\u202e.txt'));
  writeFileSync(at('manifest.json'), read('manifest.json').replace('"ada"', '"\\u001b]0;x\\u0007"'));
  const text = verificationLines(check()).join('\n');
  expect(text).toMatch(/^[\x20-\x7e\n]*$/);
  expect(text).toContain('\\u{1b}[31mREADME\\u{202e}.txt');
});

test('JSON that nests without end is a fault, not a crash', async () => {
  await resign({ 'tables/rpt_made.jsonl': (text) => `${text}{"evidence":[${'['.repeat(200_000)}${']'.repeat(200_000)}]}\n` });
  expect(check().verdict).toBe('altered');
});

const page = (number: number): Parameters<RecordIndex['has']>[0] => ({ source: 'directory', owner_id: null, record_id: `groups/00000000-0000-4000-8000-00000000000a/transitiveMembers page ${number}`, sha256: 'ab'.repeat(32) });

test('a group’s page that is the same bytes day after day is found each time', () => {
  const index = new RecordIndex();
  for (let number = 0; number < 20_000; number += 1) index.add(number + 1, 0, page(number));
  expect(Array.from({ length: 20_000 }, (_, number) => index.has(page(number))).every((found) => found)).toBe(true);
  expect(index.has(page(20_000))).toBe(false);
  const other = RecordIndex.of(index.packed());
  expect(other.record(19_999)).toEqual(page(19_999));
});

test('a batch of very many pages takes no longer than as many records', () => {
  const index = new RecordIndex();
  // In a list that is made anew for each, this is a minute.
  for (let number = 0; number < 100_000; number += 1) index.add(1, number, page(number));
  expect(index.namedByLedger(1).length).toBe(100_000);
});

test('records whose hashes begin alike, by the hundred: refused, since they would fill the time', () => {
  const index = new RecordIndex();
  const add = (number: number): void => { index.add(1, number, { source: 'cloudtrail', owner_id: null, record_id: `${number}`, sha256: `00000000${number.toString(16).padStart(56, '0')}` }); };
  expect(() => { for (let number = 0; number < 5000; number += 1) add(number); }).toThrow('begin alike');
});

test('the key’s own PEM is taken', () => {
  expect(verifyBundle(folder, { key: createPublicKey(signer.publicKey.export({ type: 'spki', format: 'pem' }).toString()) }).verification.verdict).toBe('intact');
});
