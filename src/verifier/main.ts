#!/usr/bin/env node
/**
 * The small verifier's command: `node dist/src/verifier/main.js FOLDER --key PUB.pem [--json]`. Exit code 0: intact; 1: altered; 2: wrong use.
 */
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { publicKeyOfPem } from './dsse.ts';
import { shown } from './faults.ts';
import { verificationLines } from './lines-of.ts';
import { verifyBundleInThreads } from './verify.ts';

const USAGE = `Usage: node main.js FOLDER --key PUBLIC_KEY.pem [--json]

Checks a whoran evidence bundle that lies unpacked in FOLDER: every hash, the signature,
every proof. Needs no network and nothing else of whoran. Exit code 0: intact; 1: altered;
2: wrong use. docs/verifying-a-bundle.md says what a check proves and what not.
`;

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({ allowPositionals: true, options: { key: { type: 'string' }, json: { type: 'boolean' }, help: { type: 'boolean', short: 'h' } } });
  const [folder] = positionals;
  if (values.help === true || folder === undefined || positionals.length > 1) {
    (values.help === true ? process.stdout : process.stderr).write(USAGE);
    return values.help === true ? 0 : 2;
  }
  const key = values.key === undefined ? undefined : publicKeyOfPem(readFileSync(values.key, 'utf8'));
  const { verification } = await verifyBundleInThreads(folder, { key });
  const text = values.json === true ? JSON.stringify(verification, null, 2).replace(/[^\x20-\x7e\n]/g, escaped) : verificationLines(verification).join('\n');
  process.stdout.write(`${text}\n`);
  return verification.verdict === 'intact' ? 0 : 1;
}

/** JSON's own escape, so that no character of a bundle acts on a terminal. */
function escaped(unit: string): string {
  return `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`;
}

try {
  process.exitCode = await main();
} catch (error) {
  process.stderr.write(`${shown(error instanceof Error ? error.message : String(error))}\n`);
  process.exitCode = 2;
}
