/**
 * A secret in a file that only its owner may read: how it is read, and how a new one is made. What it holds is in no message.
 */
import { closeSync, fstatSync, openSync, readFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { EXIT, WhoranError } from '../core/errors.ts';
import { inert } from '../core/inert.ts';

const OTHERS = 0o077;

/** What messages call a secret. */
export interface SecretFile {
  /** For example `signing key`. */
  readonly what: string;
  /** The key of the configuration that names the file. */
  readonly setting: string;
  /** The command that makes one. */
  readonly make: string;
  /** Why nobody else may have it. */
  readonly danger: string;
  /** A larger file is none, bytes. */
  readonly largest: number;
}

/** The file's text. @throws WhoranError (wrong use) where it is not there, others may use it, or it is too long to be one */
export function readSecretFile(path: string, secret: SecretFile): string {
  const { setting, make, danger, largest } = secret;
  let fd: number;
  try {
    fd = openSync(path, 'r');
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : '';
    throw refusedSecret(path, secret, code === 'ENOENT' ? 'there is no such file' : `it cannot be read (${code})`, `Check ${setting}, or make a key with \`${make}\`.`);
  }
  try {
    const { mode, size } = fstatSync(fd);
    if ((mode & OTHERS) !== 0) throw refusedSecret(path, secret, `others may use it (mode ${(mode & 0o777).toString(8).padStart(4, '0')})`, `${danger}: chmod 600 ${inert(path, 300)}`);
    if (size > largest) throw refusedSecret(path, secret, `it is ${size} bytes long, which is no key`, `Make one with \`${make}\`.`);
    return readFileSync(fd, 'utf8');
  } finally {
    closeSync(fd);
  }
}

/** Makes a file with this text. Overwrites nothing. @throws WhoranError (wrong use) where it is there, or cannot be written */
export async function writeNewFile(path: string, text: string, mode: number): Promise<void> {
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
    throw new WhoranError(`${inert(path, 300)}: ${why[code] ?? `it cannot be written (${code})`}`, { exitCode: EXIT.wrongUse, hint: 'Name another file with --out.', cause });
  }
}

export function refusedSecret(path: string, { what }: Pick<SecretFile, 'what'>, why: string, hint: string): WhoranError {
  return new WhoranError(`${what} ${inert(path, 300)}: ${why}`, { exitCode: EXIT.wrongUse, hint });
}
