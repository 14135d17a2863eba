/**
 * What is kept of the records while the rest is checked: for each its place in landing, its hash, and a key by which evidence finds
 * it. Packed, about 100 bytes a record: bundles hold millions.
 */
import { hash } from 'node:crypto';
import { HASH_BYTES } from './merkle.ts';

/** 16 bytes of SHA-256: two records meet in one key with a chance of 2^-128 a pair. */
const KEY_WORDS = 4;

/** The record that evidence names. */
export interface RecordName {
  readonly source: string;
  readonly owner_id: string | null;
  readonly record_id: string;
  readonly sha256: string;
}

export class RecordIndex {
  #batches = new Uint32Array(1024);
  #leaves = new Uint32Array(1024);
  #hashes = Buffer.alloc(1024 * HASH_BYTES);
  #size = 0;
  /** Ids of records that don't hold them, by batch: few, and what names them is the batch's ledger line. */
  readonly #named = new Map<number, string[]>();
  /** An open hash table of keys; a key of zeros is an empty place. */
  #keys = new Uint32Array(4096 * KEY_WORDS);

  get size(): number {
    return this.#size;
  }

  /** @param sha256 lower-case hex */
  add(batch: number, leaf: number, record: RecordName): void {
    const at = this.#size;
    if (at === this.#batches.length) this.#grow();
    this.#batches[at] = batch;
    this.#leaves[at] = leaf;
    this.#hashes.write(record.sha256, at * HASH_BYTES, 'hex');
    this.#size += 1;
    if (record.source === 'directory') this.#named.set(batch, [...(this.#named.get(batch) ?? []), record.record_id]);
    if (this.#size * 2 * KEY_WORDS > this.#keys.length) this.#rehash();
    insert(this.#keys, keyOf(record));
  }

  has(record: RecordName): boolean {
    const key = keyOf(record);
    return matches(this.#keys, placeOf(this.#keys, key), key);
  }

  /** Ids of the batch's records that its ledger line has to bear out. */
  namedByLedger(batch: number): readonly string[] {
    return this.#named.get(batch) ?? [];
  }

  batch(at: number): number {
    return this.#batches[at] ?? -1;
  }

  leaf(at: number): number {
    return this.#leaves[at] ?? -1;
  }

  sha256(at: number): Buffer {
    return this.#hashes.subarray(at * HASH_BYTES, (at + 1) * HASH_BYTES);
  }

  /** Positions of all records by batch and leaf. Files are sorted already, so there is little to do unless there are several. */
  inOrder(): Uint32Array {
    const order = Uint32Array.from({ length: this.#size }, (_, at) => at);
    const compare = (a: number, b: number): number => this.batch(a) - this.batch(b) || this.leaf(a) - this.leaf(b);
    return order.every((at) => at === 0 || compare(at - 1, at) < 0) ? order : order.sort(compare);
  }

  #grow(): void {
    const size = this.#size * 2;
    const batches = new Uint32Array(size);
    batches.set(this.#batches);
    const leaves = new Uint32Array(size);
    leaves.set(this.#leaves);
    const hashes = Buffer.alloc(size * HASH_BYTES);
    hashes.set(this.#hashes);
    this.#batches = batches;
    this.#leaves = leaves;
    this.#hashes = hashes;
  }

  #rehash(): void {
    const before = this.#keys;
    this.#keys = new Uint32Array(before.length * 2);
    for (let at = 0; at < before.length; at += KEY_WORDS) {
      const key = before.subarray(at, at + KEY_WORDS);
      if (key.some((word) => word !== 0)) insert(this.#keys, key);
    }
  }
}

function keyOf({ source, owner_id: owner, record_id: id, sha256 }: RecordName): Uint32Array {
  const digest = hash('sha256', JSON.stringify([source, owner, id, sha256]), 'buffer');
  return Uint32Array.of(digest.readUInt32LE(0), digest.readUInt32LE(4), digest.readUInt32LE(8), digest.readUInt32LE(12));
}

/** Where the key stands, or the empty place where it would. */
function placeOf(table: Uint32Array, key: Uint32Array): number {
  const places = table.length / KEY_WORDS;
  let place = ((key[0] ?? 0) % places) * KEY_WORDS;
  while (!matches(table, place, key) && !isEmpty(table, place)) place = (place + KEY_WORDS) % table.length;
  return place;
}

function insert(table: Uint32Array, key: Uint32Array): void {
  table.set(key, placeOf(table, key));
}

function matches(table: Uint32Array, place: number, key: Uint32Array): boolean {
  return table[place] === key[0] && table[place + 1] === key[1] && table[place + 2] === key[2] && table[place + 3] === key[3];
}

function isEmpty(table: Uint32Array, place: number): boolean {
  return table[place] === 0 && table[place + 1] === 0 && table[place + 2] === 0 && table[place + 3] === 0;
}
