/**
 * Pseudonyms: HMAC-SHA-256 under a key of the data folder's owner, so that one person is one pseudonym in every bundle of that key, and nobody
 * without it can try names. Whoever has the key can: these are personal data to its holder (GDPR, Article 4(5)).
 */
import { createHmac, randomBytes } from 'node:crypto';
import { EXIT, WhoranError } from '../core/errors.ts';
import { FILE_MODE } from '../landing/private-files.ts';
import { readSecretFile, refusedSecret, writeNewFile, type SecretFile } from './secret-file.ts';

const KEY_BYTES = 32;
const PSEUDONYM_KEY: SecretFile = { what: 'pseudonym key', setting: 'evidence.pseudonym_key_file', make: 'whoran keys pseudonyms --out FILE', danger: 'Whoever has it can undo pseudonyms', largest: 1024 };
/** 64 bits: among a million people two share a pseudonym with a chance of 1 in 36 million. */
const PERSON_DIGITS = 16;
/** Tells a person's names of one kind apart. */
const NAME_DIGITS = 8;

/** Gives the pseudonyms of one key. */
export class Pseudonyms {
  readonly #key: Buffer;

  /** @param key 32 bytes */
  constructor(key: Buffer) {
    this.#key = key;
  }

  /** The person itself: their object id and their display name. */
  person(person: string): string {
    return `person-${this.#digest('person', person, PERSON_DIGITS)}`;
  }

  /** One of a person's names that must stay distinct from their others, for example a user principal name. */
  name(person: string, kind: string, name: string): string {
    return `${this.person(person)}.${kind}-${this.#digest(`name ${kind}`, `${person}\n${name}`, NAME_DIGITS)}`;
  }

  /** A name that several people share. */
  shared(name: string): string {
    return `people-${this.#digest('shared', name, PERSON_DIGITS)}`;
  }

  address(address: string): string {
    return `address-${this.#digest('address', address, PERSON_DIGITS)}`;
  }

  #digest(domain: string, text: string, digits: number): string {
    return createHmac('sha256', this.#key).update(`whoran pseudonym 1\n${domain}\n${text}`).digest('hex').slice(0, digits);
  }
}

/**
 * Reads the key: 64 hex digits in a file that nobody but its owner may read.
 * @throws WhoranError (wrong use) where none is configured, or it is no such file; its content is in no message
 */
export function readPseudonymKey(path: string | undefined): Buffer {
  if (path === undefined) {
    throw new WhoranError('--redact needs evidence.pseudonym_key_file, which the configuration does not set', { exitCode: EXIT.wrongUse, hint: 'Make a key with `whoran keys pseudonyms --out FILE`, name it in the configuration, and keep it: another key gives other pseudonyms.' });
  }
  const text = readSecretFile(path, PSEUDONYM_KEY).trim();
  if (!/^[0-9a-f]{64}$/.test(text)) throw refusedSecret(path, PSEUDONYM_KEY, 'it holds no key of 64 hex digits', `Make one with \`${PSEUDONYM_KEY.make}\`.`);
  return Buffer.from(text, 'hex');
}

/** Makes a key, in a new file that only its owner may read. @throws WhoranError where the file is there, or cannot be written */
export async function newPseudonymKey(path: string): Promise<void> {
  await writeNewFile(path, `${randomBytes(KEY_BYTES).toString('hex')}\n`, FILE_MODE);
}
