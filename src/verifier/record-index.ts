/**
 * What is kept of the records while the rest is checked: for each its place in landing, its hash, and its name, so that evidence finds
 * it. Packed, about 150 bytes a record: bundles hold millions.
 */
import { Unreadable } from './faults.ts';
import { HASH_BYTES } from './merkle.ts';

/** Hashes that differ stand a few places from where they belong. Whoever sends hundreds that begin alike wants to fill our time. */
const MOST_STEPS = 1024;
/** How the name of a group's page begins (`nameOf`). */
const PAGE = `${'directory'.length} `;

/** The record that evidence names. */
export interface RecordName {
  readonly source: string;
  readonly owner_id: string | null;
  readonly record_id: string;
  readonly sha256: string;
}

/** An index as one thread hands it to another. */
export interface PackedIndex {
  readonly size: number;
  readonly batches: Uint32Array<ArrayBuffer>;
  readonly leaves: Uint32Array<ArrayBuffer>;
  readonly hashes: Uint8Array<ArrayBuffer>;
  readonly names: Uint8Array<ArrayBuffer>;
  readonly nameEnds: Float64Array<ArrayBuffer>;
}

export class RecordIndex {
  #batches = new Uint32Array(1024);
  #leaves = new Uint32Array(1024);
  #hashes = Buffer.alloc(1024 * HASH_BYTES);
  /** All names one after another, and where each ends. */
  #names = Buffer.alloc(64 * 1024);
  #nameEnds = new Float64Array(1024);
  #size = 0;
  /** Ids of records that don't hold them, by batch: few, and what names them is the batch's ledger line. */
  readonly #named = new Map<number, string[]>();
  /** An open hash table, over the start of each record's SHA-256: positions counted from 1; 0 is an empty place. */
  #places = new Uint32Array(4096);

  get size(): number {
    return this.#size;
  }

  /** @throws Unreadable where hundreds of hashes begin alike */
  add(batch: number, leaf: number, record: RecordName): void {
    const at = this.#size;
    if (at === this.#batches.length) this.#grow();
    this.#batches[at] = batch;
    this.#leaves[at] = leaf;
    this.#hashes.write(record.sha256, at * HASH_BYTES, 'hex');
    this.#addName(at, nameOf(record));
    this.#size += 1;
    if (record.source === 'directory') this.#nameByLedger(batch, record.record_id);
    if (this.#size * 2 > this.#places.length) this.#placeAgain();
    else this.#place(at);
  }

  /** @param record its `sha256` may be any text: only a record's own is found */
  has(record: RecordName): boolean {
    return this.#has(record.sha256, nameOf(record));
  }

  /** Whether the record at a place of another index is in this one. */
  hasOf(other: RecordIndex, at: number): boolean {
    return this.#has(other.sha256(at).toString('hex'), other.#name(at));
  }

  #has(sha256: string, name: string): boolean {
    const start = Number.parseInt(sha256.slice(0, 8), 16);
    const first = firstPlace(start, name);
    for (let step = 0; step < MOST_STEPS; step += 1) {
      const at = (this.#places[(first + step) % this.#places.length] ?? 0) - 1;
      if (at < 0) return false;
      if (this.#hashes.readUInt32BE(at * HASH_BYTES) !== start) continue;
      if (this.#hashes.toString('hex', at * HASH_BYTES, (at + 1) * HASH_BYTES) === sha256 && this.#name(at) === name) return true;
    }
    return false;
  }

  #nameByLedger(batch: number, id: string): void {
    const ids = this.#named.get(batch);
    if (ids) ids.push(id);
    else this.#named.set(batch, [id]);
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

  record(at: number): RecordName {
    return { ...nameIn(this.#name(at)), sha256: this.sha256(at).toString('hex') };
  }

  /** Positions of all records by batch and leaf. Files are sorted already, so there is little to do unless there are several. */
  inOrder(): Uint32Array {
    const order = Uint32Array.from({ length: this.#size }, (_, at) => at);
    const compare = (a: number, b: number): number => this.batch(a) - this.batch(b) || this.leaf(a) - this.leaf(b);
    return order.every((at) => at === 0 || compare(at - 1, at) < 0) ? order : order.sort(compare);
  }

  /** Gives the index away: it must not be used any more. */
  packed(): PackedIndex {
    return { size: this.#size, batches: this.#batches, leaves: this.#leaves, hashes: this.#hashes, names: this.#names, nameEnds: this.#nameEnds };
  }

  /** The records of another thread's index, to be read one by one: nothing is found in it by name, and nothing is added. */
  static of({ size, batches, leaves, hashes, names, nameEnds }: PackedIndex): RecordIndex {
    const index = new RecordIndex();
    index.#size = size;
    index.#batches = batches;
    index.#leaves = leaves;
    index.#hashes = Buffer.from(hashes.buffer, hashes.byteOffset, hashes.byteLength);
    index.#names = Buffer.from(names.buffer, names.byteOffset, names.byteLength);
    index.#nameEnds = nameEnds;
    return index;
  }

  #addName(at: number, name: string): void {
    const start = this.#nameStart(at);
    const end = start + Buffer.byteLength(name);
    if (end > this.#names.length) {
      const names = Buffer.alloc(2 * end);
      names.set(this.#names);
      this.#names = names;
    }
    this.#names.write(name, start);
    this.#nameEnds[at] = end;
  }

  #name(at: number): string {
    return this.#names.toString('utf8', this.#nameStart(at), this.#nameEnds[at]);
  }

  #nameStart(at: number): number {
    return at === 0 ? 0 : (this.#nameEnds[at - 1] ?? 0);
  }

  #grow(): void {
    const size = this.#size * 2;
    const batches = new Uint32Array(size);
    batches.set(this.#batches);
    const leaves = new Uint32Array(size);
    leaves.set(this.#leaves);
    const hashes = Buffer.alloc(size * HASH_BYTES);
    hashes.set(this.#hashes);
    const nameEnds = new Float64Array(size);
    nameEnds.set(this.#nameEnds);
    this.#batches = batches;
    this.#leaves = leaves;
    this.#hashes = hashes;
    this.#nameEnds = nameEnds;
  }

  #placeAgain(): void {
    this.#places = new Uint32Array(this.#places.length * 2);
    for (let at = 0; at < this.#size; at += 1) this.#place(at);
  }

  #place(at: number): void {
    const start = this.#hashes.readUInt32BE(at * HASH_BYTES);
    // To make a text of every name takes long, and only pages need theirs.
    const first = this.#names[this.#nameStart(at)] === PAGE.charCodeAt(0) ? firstPlace(start, this.#name(at)) : start;
    for (let step = 0; step < MOST_STEPS; step += 1) {
      const place = (first + step) % this.#places.length;
      if (this.#places[place] !== 0) continue;
      this.#places[place] = at + 1;
      return;
    }
    throw new Unreadable('records', 'records whose hashes differ', 'hundreds whose hashes begin alike');
  }
}

/** Where a record's place is looked for first. A group's page may be the same bytes day after day: there the name counts too (FNV-1a). */
function firstPlace(start: number, name: string): number {
  if (!name.startsWith(PAGE)) return start;
  let mixed = start;
  for (let at = 0; at < name.length; at += 1) mixed = Math.imul(mixed ^ name.charCodeAt(at), 0x01000193);
  return mixed >>> 0;
}

/** One text for the three that name a record: with lengths, so that no two names give the same. */
function nameOf({ source, owner_id: owner, record_id: id }: RecordName): string {
  return `${source.length} ${owner === null ? '-' : owner.length} ${source}${owner ?? ''}${id}`;
}

function nameIn(name: string): Omit<RecordName, 'sha256'> {
  const [, source = '', owner = ''] = /^(\d+) (\d+|-) /.exec(name) ?? [];
  const start = source.length + owner.length + 2;
  const ownerAt = start + Number(source);
  const idAt = ownerAt + (owner === '-' ? 0 : Number(owner));
  return { source: name.slice(start, ownerAt), owner_id: owner === '-' ? null : name.slice(ownerAt, idAt), record_id: name.slice(idAt) };
}
