/**
 * The timestamp of a bundle, as a further check.
 */
import type { X509Certificate } from 'node:crypto';
import { join } from 'node:path';
import { Unreadable } from '../verifier/faults.ts';
import { readSmall } from '../verifier/lines.ts';
import { TIMESTAMP_FILE } from '../verifier/statement.ts';
import type { FurtherCheck } from './further-check.ts';
import { checkTimestamp, TimestampFault } from './timestamp.ts';

const LARGEST_TIMESTAMP = 1024 * 1024;

/**
 * Checks statement.tsr of a bundle's folder.
 * @param signature the bytes of the statement's signature
 * @param trusted certificates to which the authority's must lead
 */
export async function checkBundleTimestamp(folder: string, signature: Buffer, trusted: readonly X509Certificate[]): Promise<FurtherCheck> {
  const none: FurtherCheck = { settles: ['timestamp', 'time'], proved: [], not_checked: [], faults: [] };
  try {
    const { at, authority } = await checkTimestamp(readSmall(join(folder, TIMESTAMP_FILE), TIMESTAMP_FILE, LARGEST_TIMESTAMP), signature, trusted);
    return { ...none, proved: [{ id: 'timestamp', text: `The signature was there at ${at}, says the timestamp authority ${authority}, whose certificate leads to one that you named.` }] };
  } catch (error) {
    if (error instanceof TimestampFault) return { ...none, faults: [{ file: TIMESTAMP_FILE, expected: error.expected, found: error.found }] };
    if (error instanceof Unreadable) return { ...none, faults: [{ file: error.file, expected: error.expected, found: error.found }] };
    throw error;
  }
}
