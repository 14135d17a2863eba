/**
 * tables/<query>.jsonl: as many rows as the manifest says, and each record that a row names as evidence is enclosed.
 */
import type { Faults } from './faults.ts';
import { isHex, isObject, textOf, tryJson } from './json.ts';
import type { RecordIndex } from './record-index.ts';

/** What stands for a person, for several who share a name, and for an address, in a redacted bundle. */
const PSEUDONYM = /(?<![0-9A-Za-z])(?:person|people|address)-[0-9a-f]{16}(?![0-9A-Za-z])/;

export class TableFile {
  rows = 0;
  /** Mentions of records, over all rows. */
  evidence = 0;
  /** Mentions without a hash: the report could not find the record. Nothing can be checked then. */
  unhashed = 0;
  /** Rows of a redacted bundle that hold a pseudonym: only the signer says who that is. */
  pseudonymised = 0;
  readonly #name: string;
  readonly #isRedacted: boolean;
  readonly #records: RecordIndex;
  readonly #faults: Faults;

  constructor(name: string, isRedacted: boolean, records: RecordIndex, faults: Faults) {
    this.#name = name;
    this.#isRedacted = isRedacted;
    this.#records = records;
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
    for (const one of evidence as readonly unknown[]) this.#check(`${this.#name}:${number}`, one);
  };

  #check(place: string, one: unknown): void {
    this.evidence += 1;
    if (!isObject(one) || typeof one['source'] !== 'string' || typeof one['record_id'] !== 'string') {
      this.#faults.add(place, 'evidence with source, owner_id, record_id and sha256', textOf(one));
      return;
    }
    const { source, record_id: id, sha256 } = one;
    const owner = one['owner_id'] ?? null;
    if (sha256 === null) this.unhashed += 1;
    else if (!isHex(sha256) || !(owner === null || typeof owner === 'string')) this.#faults.add(place, 'evidence with source, owner_id, record_id and sha256', textOf(one));
    else if (!this.#records.has({ source, owner_id: owner, record_id: id, sha256 })) {
      this.#faults.add(place, `record ${id} of SHA-256 ${sha256} in records/${source}.jsonl`, 'none');
    }
  }
}
