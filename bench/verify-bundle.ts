/**
 * `node dist/bench/verify-bundle.js RECORDS [TEXT_BYTES]`: makes a bundle with so many records, all shown in a table, and checks it with the
 * small verifier in a process of its own, so that its time and peak memory are its own. Prints one JSON line.
 */
import { execFileSync } from 'node:child_process';
import { generateKeyPairSync, sign } from 'node:crypto';
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeBundle } from './made-bundle.ts';

const RECORDS_PER_BATCH = 100_000;

const [records = '1500000', textBytes = '1200'] = process.argv.slice(2);
const made = mkdtempSync(join(tmpdir(), 'whoran-bench-bundle-'));
try {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  const key = join(made, 'signer.pub');
  const folder = join(made, 'bundle');
  writeFileSync(key, publicKey.export({ type: 'spki', format: 'pem' }));
  const count = Number(records);
  const recordsPerBatch = Math.min(count, RECORDS_PER_BATCH);
  await makeBundle({ folder, signer: { name: 'bench', publicKey, sign: async (message) => Promise.resolve(sign(null, message, privateKey)) }, batches: Math.ceil(count / recordsPerBatch), recordsPerBatch, every: 1, textBytes: Number(textBytes), journalLines: 100 });
  const child = `
    const { verifyBundleInThreads } = await import(process.argv[1]);
    const { publicKeyOfPem } = await import(process.argv[2]);
    const { readFileSync } = await import('node:fs');
    const began = performance.now();
    const { verification: { verdict, counts } } = await verifyBundleInThreads(process.argv[3], { key: publicKeyOfPem(readFileSync(process.argv[4], 'utf8')) });
    const seconds = (performance.now() - began) / 1000;
    const { userCPUTime, systemCPUTime, maxRSS } = process.resourceUsage();
    process.stdout.write(JSON.stringify({ verdict, ...counts, seconds, cpu_seconds: (userCPUTime + systemCPUTime) / 1e6, peak_mib: maxRSS / 1024 }));`;
  const dist = join(import.meta.dirname, '../src/verifier');
  const output = execFileSync(process.execPath, ['--input-type=module', '-e', child, join(dist, 'verify.js'), join(dist, 'dsse.js'), folder, key], { encoding: 'utf8' });
  const recordBytes = ['cloudtrail', 'sign_ins'].reduce((sum, source) => sum + statSync(join(folder, `records/${source}.jsonl`)).size, 0);
  process.stdout.write(`${JSON.stringify({ load: loadavg()[0], record_bytes: recordBytes, ...(JSON.parse(output) as object) })}\n`);
} finally {
  rmSync(made, { recursive: true });
}
