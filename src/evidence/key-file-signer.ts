/**
 * Signing with a private key in a file, and making such a file.
 */
import { createPrivateKey, createPublicKey, generateKeyPairSync, sign, type KeyObject } from 'node:crypto';
import { closeSync, fstatSync, openSync, readFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { EXIT, WhoranError } from '../core/errors.ts';
import { inert } from '../core/inert.ts';
import { FILE_MODE } from '../landing/private-files.ts';
import { keyIdOf } from '../verifier/dsse.ts';
import type { Signer } from './signer.ts';

/** A PEM file is some hundred bytes; who names another file shall not wait for it. */
const LARGEST_KEY_FILE = 64 * 1024;
const OTHERS = 0o077;

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
  const pem = readPrivate(path);
  if (pem.includes('-----BEGIN ENCRYPTED PRIVATE KEY-----')) throw refused(path, 'the key is encrypted', 'Decrypt it to a file of mode 0600 (openssl pkcs8), or keep the key in AWS KMS.');
  if (pem.includes('-----BEGIN PUBLIC KEY-----')) throw refused(path, 'it is a public key', 'Name the private key beside it.');
  let key: KeyObject;
  try {
    key = createPrivateKey(pem);
  } catch {
    // Without the cause: a parser's message may quote what it read.
    throw refused(path, 'it holds no private key in PEM', 'Make one with `whoran keys new --out FILE`.');
  }
  if (key.asymmetricKeyType !== 'ed25519') throw refused(path, `it is a key for ${key.asymmetricKeyType ?? 'something else'}`, 'Ed25519 is needed: make one with `whoran keys new --out FILE`.');
  return key;
}

function readPrivate(path: string): string {
  let fd: number;
  try {
    fd = openSync(path, 'r');
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : '';
    throw refused(path, code === 'ENOENT' ? 'there is no such file' : `it cannot be read (${code})`, 'Check evidence.signing_key_file, or make a key with `whoran keys new --out FILE`.');
  }
  try {
    const { mode, size } = fstatSync(fd);
    if ((mode & OTHERS) !== 0) throw refused(path, `others may use it (mode ${(mode & 0o777).toString(8).padStart(4, '0')})`, `Only its owner may read a signing key: chmod 600 ${inert(path, 300)}`);
    if (size > LARGEST_KEY_FILE) throw refused(path, `it is ${size} bytes long, which is no key`, 'Name a PEM file.');
    return readFileSync(fd, 'utf8');
  } finally {
    closeSync(fd);
  }
}

function refused(path: string, why: string, hint: string): WhoranError {
  return new WhoranError(`signing key ${inert(path, 300)}: ${why}`, { exitCode: EXIT.wrongUse, hint });
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
  await writeNew(path, privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(), FILE_MODE);
  await writeNew(publicPath, publicKey.export({ type: 'spki', format: 'pem' }).toString(), 0o644);
  return { private_key_file: path, public_key_file: publicPath, key_id: keyIdOf(publicKey) };
}

async function writeNew(path: string, text: string, mode: number): Promise<void> {
  try {
    const file = await open(path, 'wx', mode);
    try {
      await file.writeFile(text);
      await file.sync();
    } finally {
      await file.close();
    }
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : '';
    const why: Readonly<Record<string, string>> = { EEXIST: 'it is there already, and a key is never overwritten', ENOENT: 'its folder does not exist', EACCES: 'it may not be written' };
    throw new WhoranError(`${inert(path, 300)}: ${why[code] ?? `it cannot be written (${code})`}`, { exitCode: EXIT.wrongUse, hint: 'Name another file with --out.' });
  }
}
