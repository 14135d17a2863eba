/**
 * Signs a bundle as the configuration says: the statement, and a timestamp on it where an authority is named.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { EvidenceConfig } from '../config/evidence.ts';
import { EXIT, WhoranError } from '../core/errors.ts';
import { MANIFEST_FILE, STATEMENT_FILES } from '../evidence/manifest.ts';
import { openSigner } from '../evidence/open-signer.ts';
import { signStatement } from '../evidence/statement.ts';
import { takeTimestamp } from '../evidence/timestamp-request.ts';
import { certificatesOf } from '../evidence/timestamp.ts';
import type { BundleSigner } from './bundle.ts';

/**
 * Opens the key first, so that a missing one is told before anything is written.
 * @throws WhoranError where no key is configured or it cannot be had, and where a timestamp is configured without certificates
 */
export async function bundleSigner(config: EvidenceConfig): Promise<BundleSigner> {
  const signer = await openSigner(config);
  const authority = await authorityOf(config);
  return {
    async sign(folder) {
      const manifest = await readFile(join(folder, MANIFEST_FILE));
      const { text, signature, keyId } = await signStatement(manifest, signer, authority !== undefined);
      const taken = authority ? await takeTimestamp(signature, authority) : undefined;
      await writeFile(join(folder, STATEMENT_FILES[0]), text);
      if (taken) await writeFile(join(folder, STATEMENT_FILES[1]), taken.response);
      return { keyId, timestampedAt: taken?.timestamp.at ?? null };
    },
  };
}

async function authorityOf({ timestamp_url: url, timestamp_ca_file: file }: EvidenceConfig): Promise<Parameters<typeof takeTimestamp>[1] | undefined> {
  if (url === undefined) return undefined;
  if (file === undefined) {
    throw new WhoranError('evidence.timestamp_url is set, and evidence.timestamp_ca_file is not', { exitCode: EXIT.wrongUse, hint: 'Name a file with the authority’s certificates: a timestamp that cannot be checked is none.' });
  }
  return { url, trusted: certificatesOf(await readFile(file, 'utf8')) };
}
