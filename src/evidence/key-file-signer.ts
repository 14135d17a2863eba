/**
 * Signing with a private key in a file, and making such a file.
 */
import { createPrivateKey, createPublicKey, generateKeyPairSync, sign, type KeyObject } from 'node:crypto';
import { FILE_MODE } from '../landing/private-files.ts';
import { keyIdOf } from '../verifier/dsse.ts';
import { readSecretFile, refusedSecret, writeNewFile, type SecretFile } from './secret-file.ts';
import type { Signer } from './signer.ts';

/** A PEM file is some hundred bytes; who names another file shall not wait for it. */
const SIGNING_KEY: SecretFile = { what: 'signing key', setting: 'evidence.signing_key_file', make: 'whoran keys new --out FILE', danger: 'Only its owner may read a signing key', largest: 64 * 1024 };

/**
 * The signer of a key file: Ed25519, PKCS#8, PEM, unencrypted.
 * @throws WhoranError where it cannot be read, others may read it, or it holds something else; its content is in no message
 */
export function keyFileSigner(path: string): Signer {
  const key = readKey(path);
  return {
    name: `key file ${path}`,
    publicKey: createPublicKey(key),
    sign: async (message) => Promise.resolve(sign(null, message, key)),
  };
}

function readKey(path: string): KeyObject {
  const pem = readSecretFile(path, SIGNING_KEY);
  if (pem.includes('-----BEGIN ENCRYPTED PRIVATE KEY-----')) throw refusedSecret(path, SIGNING_KEY, 'the key is encrypted', 'Decrypt it to a file of mode 0600 (openssl pkcs8), or keep the key in AWS KMS.');
  if (pem.includes('-----BEGIN PUBLIC KEY-----')) throw refusedSecret(path, SIGNING_KEY, 'it is a public key', 'Name the private key beside it.');
  let key: KeyObject;
  try {
    key = createPrivateKey(pem);
  } catch {
    // Without the cause: a parser's message may quote what it read.
    throw refusedSecret(path, SIGNING_KEY, 'it holds no private key in PEM', 'Make one with `whoran keys new --out FILE`.');
  }
  if (key.asymmetricKeyType !== 'ed25519') throw refusedSecret(path, SIGNING_KEY, `it is a key for ${key.asymmetricKeyType ?? 'something else'}`, 'Ed25519 is needed: make one with `whoran keys new --out FILE`.');
  return key;
}

export interface NewKey {
  readonly private_key_file: string;
  readonly public_key_file: string;
  /** Lower-case hex SHA-256 of the public key's SubjectPublicKeyInfo in DER, as bundles name it. */
  readonly key_id: string;
}

/**
 * Makes an Ed25519 key: the private one in `path` (0600), the public one in `path.pub`. Overwrites nothing.
 * @throws WhoranError where one of the files is there, or cannot be written
 */
export async function newKeyFile(path: string): Promise<NewKey> {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  const publicPath = `${path}.pub`;
  await writeNewFile(path, privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(), FILE_MODE);
  await writeNewFile(publicPath, publicKey.export({ type: 'spki', format: 'pem' }).toString(), 0o644);
  return { private_key_file: path, public_key_file: publicPath, key_id: keyIdOf(publicKey) };
}
