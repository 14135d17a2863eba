/**
 * Who signs a bundle: the promise. `open-signer.ts` chooses between its two kinds.
 */
import type { KeyObject } from 'node:crypto';

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
