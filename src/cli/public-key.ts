/**
 * `--key`: the public key of whoever signed a bundle.
 */
import type { KeyObject } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { EXIT, WhoranError } from '../core/errors.ts';
import { inert } from '../core/inert.ts';

/** The key in the file that `--key` names; undefined without one. @throws WhoranError (wrong use) where it is none */
export async function publicKeyOption(path: string | undefined): Promise<KeyObject | undefined> {
  if (path === undefined) return undefined;
  const text = await readOption(path, '--key');
  const { publicKeyOfPem } = await import('../verifier/dsse.ts');
  try {
    return publicKeyOfPem(text);
  } catch (error) {
    throw new WhoranError(`--key ${inert(path, 300)}: ${error instanceof Error ? error.message : 'unreadable'}`, { exitCode: EXIT.wrongUse, hint: 'Give the signer’s public key in PEM: `whoran keys new` writes it beside the private one, as FILE.pub.' });
  }
}

/** The text of the file that an option names. @throws WhoranError (wrong use) where it cannot be read */
export async function readOption(path: string, option: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : '';
    throw new WhoranError(`${option} ${inert(path, 300)}: ${code === 'ENOENT' ? 'there is no such file' : `it cannot be read (${code})`}`, { exitCode: EXIT.wrongUse, cause });
  }
}
