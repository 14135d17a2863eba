import { generateKeyPairSync, sign } from 'node:crypto';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { makeBundle } from '../../bench/made-bundle.ts';
import { packageRoot } from '../core/package-root.ts';
import { verifyBundle } from '../verifier/verify.ts';
import { checkAgainstData, type MakeRecordRoot } from './check-data.ts';
import { checkBundleTimestamp } from './check-timestamp.ts';
import { withCheck, type FurtherCheck } from './further-check.ts';
import { certificatesOf } from './timestamp.ts';

const made = mkdtempSync(join(tmpdir(), 'whoran-further-'));
const folder = join(made, 'bundle');
const dataDir = join(made, 'data');
const { publicKey, privateKey } = generateKeyPairSync('ed25519');
const fixture = (name: string): string => join(packageRoot(), 'fixtures/timestamps', name);
const trusted = certificatesOf(readFileSync(fixture('root.pem'), 'utf8'));

beforeAll(async () => {
  const signer = { name: 'a key of the test', publicKey, sign: async (message: Buffer): Promise<Buffer> => Promise.resolve(sign(null, message, privateKey)) };
  const { ledger } = await makeBundle({ folder, signer, batches: 3, recordsPerBatch: 10, every: 4, textBytes: 400, journalLines: 0 });
  mkdirSync(join(dataDir, 'landing'), { recursive: true });
  writeFileSync(join(dataDir, 'landing/ledger.jsonl'), ledger.map((line) => `${line}\n`).join(''));
});
afterAll(() => {
  rmSync(made, { recursive: true });
});

test('a timestamp that holds is proved, with its time and whose word it is', async () => {
  const stamped = join(made, 'stamped');
  mkdirSync(stamped);
  const signature = readFileSync(fixture('signature.bin'));
  expect((await checkBundleTimestamp(stamped, signature, trusted)).faults).toEqual([{ file: 'statement.tsr', expected: 'a file', found: 'none' }]);
  // As an authority gave it, and as a bundle keeps it: OpenSSL's status has no text.
  cpSync(fixture('ecdsa.tsr'), join(stamped, 'statement.tsr'));
  const check = await checkBundleTimestamp(stamped, signature, trusted);
  expect([check.faults, check.settles]).toEqual([[], ['timestamp', 'time']]);
  expect(check.proved[0]?.text).toMatch(/^The signature was there at 2026-11-24T21:27:\d\dZ, says the timestamp authority O=Example, CN=Example ECDSA TSA,/);
  const other = await checkBundleTimestamp(stamped, Buffer.from('another signature'), trusted);
  expect([other.proved, other.faults.length]).toEqual([[], 1]);
});

/** The roots that the bundle states, as landing would give them. */
const stated = new Map<number, { records: number; root: Buffer }>();
const asStated: MakeRecordRoot = (_, { seq }) => stated.get(seq) ?? { records: 0, root: Buffer.alloc(32) };

test('landed batches must give the record roots that the bundle states', async () => {
  for (const line of readFileSync(join(folder, 'proofs/batches.jsonl'), 'utf8').trimEnd().split('\n')) {
    const { batch, records, record_root: root } = JSON.parse(line) as { batch: number; records: number; record_root: string };
    stated.set(batch, { records, root: Buffer.from(root, 'hex') });
  }
  const { verification, manifest } = verifyBundle(folder, { key: publicKey });
  const against = async (makeRoot?: MakeRecordRoot): Promise<FurtherCheck> => checkAgainstData(folder, manifest!, dataDir, makeRoot);
  const whole = withCheck(verification, await against(asStated));
  expect([whole.verdict, whole.attested.map(({ id }) => id), whole.not_checked.map(({ id }) => id)]).toEqual(['intact', ['report_facts'], ['time', 'replay']]);

  const logsAlone = withCheck(verification, await against());
  expect([logsAlone.attested.map(({ id }) => id), logsAlone.not_checked.map(({ id }) => id)]).toEqual([['report_facts', 'record_roots'], ['time', 'replay', 'data']]);

  const altered = withCheck(verification, await against((landing, line) => (line.seq === 2 ? { records: 11, root: Buffer.alloc(32) } : asStated(landing, line))));
  expect([altered.verdict, altered.faults.map(({ file }) => file)]).toEqual(['altered', ['proofs/batches.jsonl:2', 'proofs/batches.jsonl:2']]);
  expect(altered.attested.map(({ id }) => id)).toContain('record_roots');
});
