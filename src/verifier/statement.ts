/**
 * statement.dsse.json: who signed, and whether what was signed is this manifest.
 */
import { hash, type KeyObject } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import { isSignedBy, keyIdOf, parseEnvelope, publicKeyOfDer, STATEMENT_FILE, type Envelope } from './dsse.ts';
import { Unreadable, type Faults } from './faults.ts';
import { isObject, textOf, tryJson, type JsonObject } from './json.ts';
import { MANIFEST_FILE, STATED } from './manifest.ts';

export const STATEMENT_TYPE = 'https://in-toto.io/Statement/v1';
export const TIMESTAMP_FILE = 'statement.tsr';
export const PREDICATE_TYPE = 'urn:whoran:report-bundle:1';

/** Who signed. */
export interface Signer {
  /** SHA-256 of the key that the signature holds with; null where it holds with none that we have. */
  readonly key_id: string | null;
  /** Whether that is the key that was given; null where none was. */
  readonly is_named_key: boolean | null;
}

export interface CheckedStatement {
  readonly signer: Signer;
  /** Undefined where the file is no envelope. */
  readonly envelope: Envelope | undefined;
}

/**
 * Checks the statement against the signer's key and the manifest's bytes.
 * @param hasTimestamp whether statement.tsr is there: the statement says whether it must be
 * @param given the signer's public key, had from elsewhere; undefined: the one that the statement itself encloses, which proves nothing about who
 */
export function checkStatement(bytes: Buffer, manifest: Buffer, hasTimestamp: boolean, given: KeyObject | undefined, faults: Faults): CheckedStatement {
  const envelope = parseEnvelope(bytes);
  const statement = tryJson(envelope.payload.toString('utf8'));
  if (!isObject(statement)) throw new Unreadable(STATEMENT_FILE, 'an in-toto statement as payload', 'no JSON object');
  const predicate = isObject(statement['predicate']) ? statement['predicate'] : {};
  const enclosed = enclosedKey(predicate, faults);
  const key = given ?? enclosed;
  const holds = key !== undefined && isSignedBy(envelope, key);
  if (key !== undefined) {
    const keyId = keyIdOf(key);
    if (envelope.keyId !== keyId) faults.add(STATEMENT_FILE, `a signature by key ${keyId}`, `one by key ${envelope.keyId}`);
    if (!holds) faults.add(STATEMENT_FILE, `a signature that holds with key ${keyId}`, 'one that does not');
    else if (enclosed && keyIdOf(enclosed) !== keyId) faults.add(STATEMENT_FILE, `predicate.signer with key ${keyId}`, keyIdOf(enclosed));
  }
  checkContent(statement, predicate, manifest, faults);
  const { timestamp } = predicate;
  if (typeof timestamp !== 'boolean') faults.add(STATEMENT_FILE, 'true or false in predicate.timestamp', textOf(timestamp));
  else if (timestamp !== hasTimestamp) faults.add(TIMESTAMP_FILE, timestamp ? 'the timestamp that the statement announces' : 'no timestamp, since the statement announces none', timestamp ? 'none' : 'one');
  return { signer: { key_id: holds ? keyIdOf(key) : null, is_named_key: given === undefined ? null : holds }, envelope };
}

function enclosedKey(predicate: JsonObject, faults: Faults): KeyObject | undefined {
  const { signer } = predicate;
  const text = isObject(signer) ? signer['public_key'] : undefined;
  if (typeof text !== 'string') {
    faults.add(STATEMENT_FILE, 'the signer’s public key in predicate.signer.public_key', 'none');
    return undefined;
  }
  try {
    return publicKeyOfDer(Buffer.from(text, 'base64'));
  } catch (error) {
    faults.add(STATEMENT_FILE, 'an Ed25519 key in predicate.signer.public_key', error instanceof Error ? error.message : 'none');
    return undefined;
  }
}

function checkContent(statement: JsonObject, predicate: JsonObject, manifest: Buffer, faults: Faults): void {
  const { _type: type, subject, predicateType } = statement;
  if (type !== STATEMENT_TYPE) faults.add(STATEMENT_FILE, `_type ${STATEMENT_TYPE}`, textOf(type));
  if (predicateType !== PREDICATE_TYPE) faults.add(STATEMENT_FILE, `predicateType ${PREDICATE_TYPE}`, textOf(predicateType));
  const sha256 = hash('sha256', manifest, 'hex');
  if (!isDeepStrictEqual(subject, [{ name: MANIFEST_FILE, digest: { sha256 } }])) {
    const found: unknown = Array.isArray(subject) && isObject(subject[0]) && isObject(subject[0]['digest']) ? subject[0]['digest']['sha256'] : subject;
    faults.add(MANIFEST_FILE, `the SHA-256 that was signed, ${typeof found === 'string' ? found : textOf(found)}`, sha256);
  }
  const listed = tryJson(manifest.toString('utf8'));
  for (const name of STATED) {
    const [said, is] = [predicate[name], isObject(listed) ? listed[name] : undefined];
    if (!isDeepStrictEqual(said, is)) faults.add(MANIFEST_FILE, `"${name}" as it was signed, ${textOf(said)}`, textOf(is));
  }
}
