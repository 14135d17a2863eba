import { createPublicKey } from 'node:crypto';
import { appendFileSync, cpSync, createWriteStream, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { ZipFile } from 'yazl';
import { makeBundle } from '../../bench/made-bundle.ts';
import { openSigner } from '../evidence/open-signer.ts';
import { keyIdOf } from '../verifier/dsse.ts';
import type { Verification } from '../verifier/verification.ts';
import { main } from './program.ts';

async function run(...argv: readonly string[]): Promise<{ code: number; out: string; err: string }> {
  let out = '';
  let err = '';
  const code = await main(argv, { out: (text) => { out += text; }, err: (text) => { err += text; }, isOutTty: false, isErrTty: false, columns: 100, env: {} });
  return { code, out, err };
}

const made = mkdtempSync(join(tmpdir(), 'whoran-verify-test-'));
const at = (name: string): string => join(made, name);
let ledger: readonly string[] = [];
const SIZES = { batches: 2, recordsPerBatch: 8, every: 2, textBytes: 400, journalLines: 2 };

beforeAll(async () => {
  mkdirSync(at('tmp'));
  // Where zips are unpacked.
  vi.stubEnv('TMPDIR', at('tmp'));
  expect(await run('keys', 'new', '--out', at('key.pem'))).toMatchObject({ code: 0, err: '' });
  expect(await run('keys', 'new', '--out', at('other.pem'))).toMatchObject({ code: 0 });
  const signer = await openSigner({ signing_key_file: at('key.pem') });
  ({ ledger } = await makeBundle({ folder: at('bundle'), signer, ...SIZES }));
  await makeBundle({ folder: at('stamped'), signer, ...SIZES, isTimestamped: true });
});
afterAll(() => {
  vi.unstubAllEnvs();
  rmSync(made, { recursive: true });
});

/** A zip of a folder, and of whatever else is put into it. */
async function zipOf(folder: string, prefix: string, more: (zip: ZipFile) => void = () => undefined): Promise<string> {
  const zip = new ZipFile();
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    if (entry.isFile()) zip.addFile(path, `${prefix}${path.slice(folder.length + 1)}`);
  }
  more(zip);
  zip.end();
  const target = at(`${String(readdirSync(made).length)}.zip`);
  await pipeline(zip.outputStream, createWriteStream(target));
  return target;
}
const result = async (...argv: readonly string[]): Promise<Verification & { code: number }> => {
  const { code, out } = await run('verify', ...argv, '--json');
  return { ...(JSON.parse(out) as Verification), code };
};

test('a new key says its id, and where its halves are', async () => {
  const { out } = await run('keys', 'new', '--out', at('said.pem'), '--json');
  const said = JSON.parse(out) as { key_id: string; public_key_file: string };
  expect(said.key_id).toBe(keyIdOf(createPublicKey(readFileSync(said.public_key_file))));
  expect(await run('keys', 'new', '--out', at('said.pem'))).toMatchObject({ code: 2, err: expect.stringContaining('a key is never overwritten') as string });
});

test('a folder, and its zip with and without a top folder: intact, exit code 0', async () => {
  const { code, out, err } = await run('verify', at('bundle'), '--key', at('key.pem.pub'));
  expect([code, err]).toEqual([0, expect.stringContaining('checking')]);
  for (const words of ['Intact', 'signed by the key that you named', 'Only the signer says so', 'No check of a bundle shows']) expect(out).toContain(words);
  for (const prefix of ['', 'january.bundle/']) expect(await result(await zipOf(at('bundle'), prefix), '--key', at('key.pem.pub'))).toMatchObject({ verdict: 'intact', code: 0, faults: [] });
  expect(readdirSync(at('tmp'))).toEqual([]);
});

test('by another key: altered, exit code 1', async () => {
  const { code, out } = await run('verify', at('bundle'), '--key', at('other.pem.pub'));
  expect(code).toBe(1);
  expect(out).toContain('Altered');
  expect(out).toContain('no signature that holds with the expected key');
});

test('without a key: intact, and said to prove nothing about who', async () => {
  const verification = await result(at('bundle'));
  expect([verification.verdict, verification.code]).toEqual(['intact', 0]);
  expect(verification.not_checked.map(({ id }) => id)).toContain('signer_identity');
});

test.each<[string, (zip: ZipFile) => void, string]>([
  ['a file twice', (zip) => { zip.addBuffer(Buffer.from('x'), 'README.txt'); }, 'each file once'],
  ['a link', (zip) => { zip.addBuffer(Buffer.from('/etc/passwd'), 'link', { mode: 0o120777 }); }, 'a file'],
  ['a name of another system', (zip) => { zip.addBuffer(Buffer.from('x'), 'con:x'); }, 'a plain relative path'],
  ['a file more', (zip) => { zip.addBuffer(Buffer.from('x'), 'more.txt'); }, 'no file, since manifest.json does not list it'],
])('a zip with %s', async (_, more, expected) => {
  const verification = await result(await zipOf(at('bundle'), '', more), '--key', at('key.pem.pub'));
  expect([verification.code, verification.faults.map((fault) => fault.expected)]).toEqual([1, [expected]]);
});

test('a zip that leads out of its folder, or is none, is not unpacked', async () => {
  const zip = await zipOf(at('bundle'), '', (file) => { file.addBuffer(Buffer.from('x'), 'aa/bb.txt'); });
  const bytes = readFileSync(zip);
  writeFileSync(at('traversal.zip'), Buffer.from(bytes.toString('latin1').replaceAll('aa/bb.txt', '../bb.txt'), 'latin1'));
  expect(await run('verify', at('traversal.zip'))).toMatchObject({ code: 1, err: expect.stringContaining('it cannot be unpacked') as string });
  writeFileSync(at('none.zip'), 'x');
  expect(await run('verify', at('none.zip'))).toMatchObject({ code: 1, err: expect.stringContaining('it cannot be unpacked') as string });
});

test('wrong use: exit code 2 and what to do', async () => {
  expect(await run('verify', at('nowhere'))).toMatchObject({ code: 2, err: expect.stringContaining('there is no such bundle') as string });
  expect(await run('verify', at('bundle'), '--key', at('key.pem'))).toMatchObject({ code: 2, err: expect.stringContaining('it is a private key') as string });
  expect(await run('verify', at('bundle'), '--key', at('nowhere'))).toMatchObject({ code: 2, err: expect.stringContaining('there is no such file') as string });
  expect(await run('verify', at('bundle'), '--tsa-ca', at('key.pem.pub'))).toMatchObject({ code: 2, err: expect.stringContaining('no certificate in PEM') as string });
});

test('a timestamp that was taken away is missed; one over something else does not hold', async () => {
  const roots = at('root.pem');
  cpSync(new URL('../../fixtures/timestamps/root.pem', import.meta.url).pathname, roots);
  expect((await result(at('stamped'), '--key', at('key.pem.pub'))).faults).toEqual([{ file: 'statement.tsr', expected: 'the timestamp that the statement announces', found: 'none' }]);
  cpSync(new URL('../../fixtures/timestamps/rsa.tsr', import.meta.url).pathname, at('stamped/statement.tsr'));
  const unchecked = await result(at('stamped'), '--key', at('key.pem.pub'));
  expect([unchecked.verdict, unchecked.not_checked.map(({ id }) => id)]).toEqual(['intact', ['timestamp', 'replay', 'data']]);
  const checked = await result(at('stamped'), '--key', at('key.pem.pub'), '--tsa-ca', roots);
  expect(checked.faults).toMatchObject([{ file: 'statement.tsr', expected: expect.stringContaining('a timestamp on the statement’s signature') as string }]);
});

test('--data: the ledger must begin with the lines whose root was signed', async () => {
  const landing = at('data/landing');
  mkdirSync(landing, { recursive: true });
  const lines = (file: string, key: string): string[] => readFileSync(at(`bundle/proofs/${file}`), 'utf8').trimEnd().split('\n').map((line) => String((JSON.parse(line) as Record<string, unknown>)[key]));
  const whole = ledger.map((line) => `${line}\n`).join('');
  writeFileSync(join(landing, 'ledger.jsonl'), whole);
  writeFileSync(join(landing, 'journal.jsonl'), lines('journal.jsonl', 'line').map((line) => `${line}\n`).join(''));
  const check = async (): Promise<Verification> => result(at('bundle'), '--key', at('key.pem.pub'), '--data', at('data'));
  const intact = await check();
  expect([intact.faults, intact.proved.map(({ id }) => id)]).toEqual([[], expect.arrayContaining(['data_logs'])]);
  expect(intact.attested.map(({ id }) => id)).not.toContain('roots');
  appendFileSync(join(landing, 'ledger.jsonl'), '{"seq":6}\n');
  expect((await check()).verdict).toBe('intact');
  writeFileSync(join(landing, 'ledger.jsonl'), whole.replace('files', 'filez'));
  expect((await check()).faults.map(({ file }) => file)).toEqual(['landing/ledger.jsonl']);
  writeFileSync(join(landing, 'ledger.jsonl'), whole.split('\n').slice(0, 3).map((line) => `${line}\n`).join(''));
  expect((await check()).faults[0]).toMatchObject({ expected: '5 lines, as when the report was made', found: '3' });
});
