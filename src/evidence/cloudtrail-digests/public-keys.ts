/**
 * CloudTrail's public keys, as ListPublicKeys lists them and the AWS CLI prints them, and signatures by them.
 */
import { createPublicKey, hash, verify, type KeyObject } from 'node:crypto';
import { z } from 'zod';

/** A key as it was listed. */
export interface ListedKey {
  /** As listed, in lower case. Of published samples it is the MD5 of the DER bytes. */
  readonly fingerprint: string;
  /** In base64: RSAPublicKey (PKCS#1, as documented) or SubjectPublicKeyInfo (as some published samples are). */
  readonly der: string;
  /** Lower-case hex SHA-256 of the DER bytes. */
  readonly sha256: string;
  /** RFC 3339 UTC; null where the list doesn't say. */
  readonly validFrom: string | null;
  readonly validTo: string | null;
}

/** The one signature algorithm that digests have had (`digestSignatureAlgorithm`): RSASSA-PKCS1-v1_5 over SHA-256 (RFC 8017 §8.2). */
export const SIGNATURE_ALGORITHM = 'SHA256withRSA';

/** The service writes epoch seconds as a number, the CLI RFC 3339 text, its documentation a number as text. */
const moment = z.union([z.number(), z.string()]).nullish();
const base64 = z.string().regex(/^[A-Za-z0-9+/\s]+={0,2}\s*$/);
const keySchema = z.object({ Fingerprint: z.string().min(1), Value: base64, ValidityStartTime: moment, ValidityEndTime: moment });
const listSchema = z.union([z.object({ PublicKeyList: z.array(keySchema) }), z.object({ publicKeyList: z.array(keySchema) })]);

/** The keys of one saved answer. Empty where the bytes are none. */
export function parsePublicKeys(content: Buffer): ListedKey[] {
  let json: unknown;
  try {
    json = JSON.parse(content.toString('utf8'));
  } catch {
    return [];
  }
  const parsed = listSchema.safeParse(json);
  if (!parsed.success) return [];
  const list = 'PublicKeyList' in parsed.data ? parsed.data.PublicKeyList : parsed.data.publicKeyList;
  return list.map(({ Fingerprint, Value, ValidityStartTime, ValidityEndTime }) => {
    const der = Buffer.from(Value, 'base64');
    return {
      fingerprint: Fingerprint.toLowerCase(), der: der.toString('base64'), sha256: hash('sha256', der, 'hex'),
      validFrom: instantOf(ValidityStartTime), validTo: instantOf(ValidityEndTime),
    };
  });
}

function instantOf(value: string | number | null | undefined): string | null {
  if (value === null || value === undefined) return null;
  const at = typeof value === 'number' || /^\d+(\.\d+)?$/.test(value) ? new Date(Number(value) * 1000) : new Date(value);
  return Number.isNaN(at.getTime()) ? null : at.toISOString();
}

/** The RSA key in these DER bytes, in either encoding; undefined where there is none. */
export function rsaKey(der: Buffer): KeyObject | undefined {
  for (const type of ['pkcs1', 'spki'] as const) {
    try {
      const key = createPublicKey({ key: der, format: 'der', type });
      if (key.asymmetricKeyType === 'rsa') return key;
    } catch {
      // The other encoding, or neither.
    }
  }
  return undefined;
}

/** Whether `signature` (hex, as digests and S3's metadata have it) is this key's over `text`. */
export function isSignedBy(key: KeyObject, text: string, signature: string): boolean {
  if (!/^(?:[0-9a-f]{2})+$/i.test(signature)) return false;
  return verify('RSA-SHA256', Buffer.from(text), key, Buffer.from(signature, 'hex'));
}
