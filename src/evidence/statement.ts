/**
 * The signed statement of a bundle: an in-toto Statement about manifest.json in a DSSE envelope (docs/evidence-bundle.md).
 */
import { hash } from 'node:crypto';
import { EXIT, WhoranError } from '../core/errors.ts';
import { envelopeText, isSignedBy, keyIdOf, pae, PAYLOAD_TYPE } from '../verifier/dsse.ts';
import { MANIFEST_FILE, STATED } from '../verifier/manifest.ts';
import { PREDICATE_TYPE, STATEMENT_TYPE } from '../verifier/statement.ts';
import type { Signer } from './signer.ts';

export interface SignedStatement {
  /** The bytes of statement.dsse.json. */
  readonly text: string;
  /** What a timestamp is asked for: 64 bytes. */
  readonly signature: Buffer;
  readonly keyId: string;
}

/**
 * Signs a manifest.
 * @param manifest the bytes of manifest.json, as they stand in the bundle
 * @param isTimestamped whether a timestamp on the signature will be put beside it: the statement says so, so that it cannot be taken away unseen.
 *   Where there will be none after all, sign again
 * @throws WhoranError where the signer fails, or signs with another key than it says
 */
export async function signStatement(manifest: Buffer, signer: Signer, isTimestamped: boolean): Promise<SignedStatement> {
  const listed = JSON.parse(manifest.toString('utf8')) as Record<string, unknown>;
  const spki = signer.publicKey.export({ type: 'spki', format: 'der' });
  const statement = {
    _type: STATEMENT_TYPE,
    subject: [{ name: MANIFEST_FILE, digest: { sha256: hash('sha256', manifest, 'hex') } }],
    predicateType: PREDICATE_TYPE,
    predicate: { ...Object.fromEntries(STATED.map((name) => [name, listed[name] ?? null])), signer: { public_key: spki.toString('base64') }, timestamp: isTimestamped },
  };
  const payload = Buffer.from(JSON.stringify(statement));
  const signature = await signer.sign(pae(PAYLOAD_TYPE, payload));
  const envelope = { payload, keyId: keyIdOf(signer.publicKey), signature };
  if (!isSignedBy(envelope, signer.publicKey)) {
    throw new WhoranError(`${signer.name} gave a signature that does not hold with its public key`, { exitCode: EXIT.found, hint: 'The bundle was not signed. Try again, or sign with another key.' });
  }
  return { text: envelopeText(envelope), signature, keyId: envelope.keyId };
}
