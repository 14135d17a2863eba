/**
 * DSSE envelopes, version 1 (https://github.com/secure-systems-lab/dsse): what is signed, how the envelope is written, and whether a
 * signature holds. Ed25519 only, one signature only, and only one way to write it, so that no byte of the file is free.
 */
import { createPublicKey, hash, verify, type KeyObject } from 'node:crypto';
import { Unreadable, shown } from './faults.ts';

/** The payload type of in-toto statements. */
export const PAYLOAD_TYPE = 'application/vnd.in-toto+json';
export const STATEMENT_FILE = 'statement.dsse.json';

const SIGNATURE_BYTES = 64;

export interface Envelope {
  readonly payload: Buffer;
  /** Lower-case hex SHA-256 of the signer's SubjectPublicKeyInfo in DER. A hint: what holds is the signature. */
  readonly keyId: string;
  readonly signature: Buffer;
}

/** Pre-authentication encoding, which is what is signed: "DSSEv1", the lengths in bytes as decimals, type and body, with single spaces. */
export function pae(payloadType: string, payload: Uint8Array): Buffer {
  const type = Buffer.from(payloadType);
  return Buffer.concat([Buffer.from(`DSSEv1 ${type.length} `), type, Buffer.from(` ${payload.length} `), payload]);
}

/** The file's text: compact JSON with its members in this order, and a line break. */
export function envelopeText({ payload, keyId, signature }: Envelope): string {
  const signatures = [{ keyid: keyId, sig: signature.toString('base64') }];
  return `${JSON.stringify({ payload: payload.toString('base64'), payloadType: PAYLOAD_TYPE, signatures })}\n`;
}

/** Reads an envelope. @throws Unreadable where it is not written exactly as `envelopeText` writes it */
export function parseEnvelope(bytes: Buffer): Envelope {
  const bad = (expected: string, found: string): Unreadable => new Unreadable(STATEMENT_FILE, expected, found);
  let json: unknown;
  try {
    json = JSON.parse(bytes.toString('utf8'));
  } catch {
    throw bad('a DSSE envelope in JSON', 'no JSON');
  }
  if (!isObject(json)) throw bad('a DSSE envelope', typeof json);
  const { payload, payloadType, signatures } = json;
  if (payloadType !== PAYLOAD_TYPE) throw bad(`payloadType ${PAYLOAD_TYPE}`, shown(JSON.stringify(payloadType ?? null)));
  if (typeof payload !== 'string' || !Array.isArray(signatures)) throw bad('payload and signatures', 'other members');
  const first: unknown = signatures[0];
  if (signatures.length !== 1 || !isObject(first)) throw bad('exactly one signature', `${signatures.length}`);
  const { keyid, sig } = first;
  if (typeof keyid !== 'string' || typeof sig !== 'string') throw bad('a signature with keyid and sig', 'other members');
  const envelope = { payload: fromBase64(payload), keyId: keyid, signature: fromBase64(sig) };
  if (envelope.signature.length !== SIGNATURE_BYTES) throw bad(`a signature of ${SIGNATURE_BYTES} bytes`, `${envelope.signature.length} bytes`);
  if (!bytes.equals(Buffer.from(envelopeText(envelope)))) throw bad('exactly the members of an envelope, in order, as compact JSON with strict base64 and one line break', 'another way to write it');
  return envelope;
}

/** Whether the envelope was signed by the holder of this key. */
export function isSignedBy({ payload, signature }: Envelope, key: KeyObject): boolean {
  return verify(null, pae(PAYLOAD_TYPE, payload), key, signature);
}

/** A key's id: lower-case hex SHA-256 of its SubjectPublicKeyInfo in DER. */
export function keyIdOf(key: KeyObject): string {
  return hash('sha256', key.export({ type: 'spki', format: 'der' }), 'hex');
}

/** A public key of a PEM text. @throws Error that says what it is instead */
export function publicKeyOfPem(pem: string): KeyObject {
  if (/-----BEGIN [A-Z ]*PRIVATE KEY-----/.test(pem)) throw new Error('it is a private key: give the public one');
  if (!pem.includes('-----BEGIN PUBLIC KEY-----')) throw new Error('it is no public key in PEM (-----BEGIN PUBLIC KEY-----)');
  return ed25519(pem.trim(), 'pem');
}

/** A public key of a SubjectPublicKeyInfo in DER. @throws Error that says what it is instead */
export function publicKeyOfDer(der: Buffer): KeyObject {
  const key = ed25519(der, 'der');
  if (!key.export({ type: 'spki', format: 'der' }).equals(der)) throw new Error('it is not written in DER');
  return key;
}

function ed25519(key: string | Buffer, format: 'pem' | 'der'): KeyObject {
  let read: KeyObject;
  try {
    read = createPublicKey(format === 'pem' ? { key, format } : { key, format, type: 'spki' });
  } catch {
    throw new Error('it is no public key');
  }
  if (read.asymmetricKeyType !== 'ed25519') throw new Error(`it is a key for ${read.asymmetricKeyType ?? 'something else'}: Ed25519 is needed`);
  return read;
}

function fromBase64(text: string): Buffer {
  return Buffer.from(text, 'base64');
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
