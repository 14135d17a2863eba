/**
 * records/<source>.jsonl: each line is a delivered record with its hash and its place in landing.
 */
import { isUtf8 } from 'node:buffer';
import { hash } from 'node:crypto';
import { isHex, isObject, textOf, tryJson, type JsonObject } from './json.ts';
import type { Faults } from './faults.ts';
import type { RecordIndex } from './record-index.ts';

const MEMBERS = 'sha256, source, owner_id, record_id, batch, leaf and text or base64';
const LARGEST_INDEX = 2 ** 31 - 1;

/** Checks the lines of one file and notes its records. */
export class RecordsFile {
  /** Records whose text is not enclosed: nobody but the signer says that they had this hash. */
  attested = 0;
  readonly #name: string;
  readonly #source: string;
  readonly #index: RecordIndex;
  readonly #faults: Faults;
  readonly #isRedacted: boolean;
  #batch = 0;
  #leaf = -1;

  /** @param name its path in the bundle, `records/<source>.jsonl` */
  constructor(name: string, isRedacted: boolean, index: RecordIndex, faults: Faults) {
    this.#name = name;
    this.#source = name.slice('records/'.length, -'.jsonl'.length);
    this.#isRedacted = isRedacted;
    this.#index = index;
    this.#faults = faults;
  }

  readonly line = (bytes: Buffer, number: number): void => {
    const json = tryJson(bytes.toString('utf8'));
    const fault = isObject(json) ? this.#check(json) : (['a JSON object', 'none'] as const);
    if (fault) this.#faults.add(`${this.#name}:${number}`, fault[0], fault[1]);
  };

  /** Notes the record; returns what was expected and what was found where something is wrong. */
  #check(line: JsonObject): readonly [string, string] | undefined {
    const { sha256, source, owner_id: owner, record_id: id, batch, leaf, text, base64 } = line;
    const isWhole = isHex(sha256) && (typeof owner === 'string' || owner === null) && typeof id === 'string' && isIndex(batch) && batch > 0 && isIndex(leaf);
    if (!isWhole || Object.keys(line).length !== 7 || (text === undefined) === (base64 === undefined)) return [MEMBERS, Object.keys(line).join(', ')];
    if (source !== this.#source) return [`source ${this.#source}`, textOf(source)];
    const isAfter = batch > this.#batch || (batch === this.#batch && leaf > this.#leaf);
    const before = `batch ${this.#batch}, leaf ${this.#leaf}`;
    this.#batch = batch;
    this.#leaf = leaf;
    if (!isAfter) return [`a place after ${before}`, `batch ${batch}, leaf ${leaf}`];
    this.#index.add(batch, leaf, { source: this.#source, owner_id: owner, record_id: id, sha256 });
    if (text === null) {
      this.attested += 1;
      return this.#isRedacted ? undefined : ['the record’s text, since the bundle is not redacted', 'null'];
    }
    return typeof text === 'string' ? this.#checkText(text, sha256, id) : this.#checkBase64(base64, sha256, id);
  }

  #checkText(text: string, sha256: string, id: string): readonly [string, string] | undefined {
    const found = hash('sha256', text, 'hex');
    if (found !== sha256) return [`text with SHA-256 ${sha256}`, found];
    return holdsId(text, this.#source, id) ? undefined : ['text that holds the record’s id', id];
  }

  #checkBase64(base64: unknown, sha256: string, id: string): readonly [string, string] | undefined {
    if (typeof base64 !== 'string') return [MEMBERS, 'no text'];
    const bytes = Buffer.from(base64, 'base64');
    if (bytes.toString('base64') !== base64) return ['strict base64', 'another way to write it'];
    if (isUtf8(bytes)) return ['"text", since the bytes are UTF-8', '"base64"'];
    const found = hash('sha256', bytes, 'hex');
    if (found !== sha256) return [`bytes with SHA-256 ${sha256}`, found];
    return holdsId(bytes.toString('latin1'), this.#source, id) ? undefined : ['bytes that hold the record’s id', id];
  }
}

/** Whether a record's text holds its id: as it stands, in other case (whoran keeps sign-in ids in lower case), or as JSON may write it. */
function holdsId(text: string, source: string, id: string): boolean {
  return idParts(source, id).every((part) => {
    if (text.includes(part)) return true;
    const lower = part.toLowerCase();
    const json = tryJson(text);
    return text.toLowerCase().includes(lower) || (json !== undefined && JSON.stringify(json).toLowerCase().includes(JSON.stringify(lower).slice(1, -1)));
  });
}

/** The parts of an id that stand in the record. Three kinds of records have none of their own, and get one that is put together. */
function idParts(source: string, id: string): string[] {
  // A page of a group's members says neither of which group nor when: what it is called in its batch's ledger line does.
  if (source === 'directory') return [];
  // "<issuer> <audience> <subject>", the issuer compared without scheme and trailing slash.
  if (source === 'identity_registry') return id.split(' ').slice(1);
  // What ECS said of a task when it was asked: "describe:<task ARN>:<version>".
  const described = /^describe:(.+):[^:]*$/.exec(id)?.[1];
  return [described ?? id];
}

function isIndex(value: unknown): value is number {
  return Number.isInteger(value) && (value as number) >= 0 && (value as number) <= LARGEST_INDEX;
}
