/**
 * tables/<query>.jsonl: how many rows there are, and which records they name as evidence. Whether those are enclosed is asked once all records
 * are known; so a long report's tables are read beside them, in a thread of their own (table-thread.ts).
 */
import { join } from 'node:path';
import { Faults, Unreadable, type Fault } from './faults.ts';
import { isHex, isObject, textOf, tryJson } from './json.ts';
import { readOnce, type Read } from './lines.ts';
import { readPlainFiles, type PlainFiles, type PlainRead } from './plain-files.ts';
import { RecordIndex, type PackedIndex } from './record-index.ts';

/** What stands for a person, for several who share a name, and for an address, in a redacted bundle. */
const PSEUDONYM = /(?<![0-9A-Za-z])(?:person|people|address)-[0-9a-f]{16}(?![0-9A-Za-z])/;

/** What is to be read: plain values, for it may go to another thread. */
export interface TablesToRead {
  readonly folder: string;
  /** Paths inside the bundle. */
  readonly paths: readonly string[];
  readonly isRedacted: boolean;
  /** Read after the tables, as far as others have left any. */
  readonly plain: PlainFiles;
}

export interface TableRead {
  readonly path: string;
  /** Null where the file could not be read to its end. */
  readonly read: Read | null;
  readonly rows: number;
  /** Mentions of records, over all rows. */
  readonly evidence: number;
  /** Mentions without a hash: the report could not find the record. Nothing can be checked then. */
  readonly unhashed: number;
  /** Rows of a redacted bundle that hold a pseudonym: only the signer says who that is. */
  readonly pseudonymised: number;
}

export interface TablesRead {
  readonly tables: readonly TableRead[];
  /** Each record that is named, once: its batch is the number of the first table that does, its leaf the line. */
  readonly mentions: PackedIndex;
  readonly plain: readonly PlainRead[];
  readonly faults: readonly Fault[];
  /** With those beyond the list. */
  readonly faultCount: number;
}

/** Reads tables through. What is wrong with them stands in the result. */
export function readTables({ folder, paths, isRedacted, plain }: TablesToRead): TablesRead {
  const faults = new Faults();
  const mentions = new RecordIndex();
  const tables = paths.map((path, index): TableRead => {
    const table = new TableFile(path, index, isRedacted, mentions, faults);
    let read: Read | null = null;
    try {
      read = readOnce(join(folder, path), path, table.line);
    } catch (error) {
      if (error instanceof Unreadable) faults.add(error.file, error.expected, error.found);
      // JSON that is nested too deep for the stack is nothing that we write.
      else if (error instanceof RangeError) faults.add(path, 'JSON of few levels', error.message);
      else throw error;
    }
    const { rows, evidence, unhashed, pseudonymised } = table;
    return { path, read, rows, evidence, unhashed, pseudonymised };
  });
  return { tables, mentions: mentions.packed(), plain: readPlainFiles(plain), faults: faults.listed, faultCount: faults.count };
}

class TableFile {
  rows = 0;
  evidence = 0;
  unhashed = 0;
  pseudonymised = 0;
  readonly #name: string;
  readonly #index: number;
  readonly #isRedacted: boolean;
  readonly #mentions: RecordIndex;
  readonly #faults: Faults;

  constructor(name: string, index: number, isRedacted: boolean, mentions: RecordIndex, faults: Faults) {
    this.#name = name;
    this.#index = index;
    this.#isRedacted = isRedacted;
    this.#mentions = mentions;
    this.#faults = faults;
  }

  readonly line = (bytes: Buffer, number: number): void => {
    this.rows += 1;
    const text = bytes.toString('utf8');
    if (this.#isRedacted && PSEUDONYM.test(text)) this.pseudonymised += 1;
    const row = tryJson(text);
    if (!isObject(row)) {
      this.#faults.add(`${this.#name}:${number}`, 'a row as a JSON object', 'none');
      return;
    }
    const evidence = row['evidence'] ?? [];
    if (!Array.isArray(evidence)) {
      this.#faults.add(`${this.#name}:${number}`, 'a list of records in "evidence"', typeof evidence);
      return;
    }
    for (const one of evidence as readonly unknown[]) this.#note(number, one);
  };

  #note(line: number, one: unknown): void {
    this.evidence += 1;
    if (isObject(one)) {
      const { source, owner_id: owner = null, record_id: id, sha256 } = one;
      if (typeof source === 'string' && typeof id === 'string' && (typeof owner === 'string' || owner === null)) {
        if (sha256 === null) {
          this.unhashed += 1;
          return;
        }
        if (typeof sha256 === 'string') {
          const record = { source, owner_id: owner, record_id: id, sha256 };
          if (this.#mentions.has(record)) return;
          if (isHex(sha256)) {
            this.#mentions.add(this.#index, line, record);
            return;
          }
        }
      }
    }
    this.#faults.add(`${this.#name}:${line}`, 'evidence with source, owner_id, record_id and sha256', textOf(one));
  }
}

/** Names the mentioned records that are not enclosed, each at the first row that names it. */
export function checkMentions({ tables, mentions: packed }: TablesRead, records: RecordIndex, faults: Faults): void {
  const mentions = RecordIndex.of(packed);
  for (let at = 0; at < mentions.size; at += 1) {
    if (records.hasOf(mentions, at)) continue;
    const { source, record_id: id, sha256 } = mentions.record(at);
    faults.add(`${tables[mentions.batch(at)]?.path ?? 'tables'}:${mentions.leaf(at)}`, `record ${id} of SHA-256 ${sha256} in records/${source}.jsonl`, 'none');
  }
}
