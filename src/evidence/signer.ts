/**
 * Who signs a bundle: the promise, and which of the two ways the configuration names.
 */
import type { KeyObject } from 'node:crypto';
import type { EvidenceConfig } from '../config/evidence.ts';
import { EXIT, WhoranError } from '../core/errors.ts';

/** Signs with one Ed25519 key. */
export interface Signer {
  /** For messages: `key file …`, `KMS key …`. */
  readonly name: string;
  readonly publicKey: KeyObject;
  /**
   * The signature of exactly these bytes (RFC 8032, Ed25519 without pre-hash), 64 bytes.
   * @throws WhoranError that says what to do
   */
  sign(message: Buffer): Promise<Buffer>;
}

/**
 * The signer that the configuration names.
 * @throws WhoranError where it names none or two, or where the key cannot be had
 */
export async function openSigner(config: EvidenceConfig): Promise<Signer> {
  const { signing_key_file: file, kms_key_id: kmsKeyId } = config;
  if (file !== undefined && kmsKeyId !== undefined) {
    throw new WhoranError('evidence names both signing_key_file and kms_key_id', { exitCode: EXIT.wrongUse, hint: 'Remove one of them: a bundle has one signature.' });
  }
  if (file !== undefined) {
    const { keyFileSigner } = await import('./key-file-signer.ts');
    return keyFileSigner(file);
  }
  if (kmsKeyId !== undefined) {
    const { kmsSigner } = await import('./kms-signer.ts');
    return kmsSigner({ keyId: kmsKeyId, region: config.kms_region, roleArn: config.kms_role_arn });
  }
  throw new WhoranError('no key to sign the bundle with', {
    exitCode: EXIT.wrongUse,
    hint: 'Make one with `whoran keys new --out FILE` and name it in the configuration under evidence.signing_key_file, or name a key of AWS KMS under evidence.kms_key_id.',
  });
}
