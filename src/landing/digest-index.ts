/**
 * Which bytes are landed as logs: SHA-256 → (batch, member), so that the same bytes delivered again land once.
 *
 * A file of 40-byte entries beside the ledger, appended to after each landing. It can be made again from the ledger and the
 * packs' indexes, so it is never synced; what is missing at its end is added at start.
 */
import { closeSync, existsSync, ftruncateSync, openSync, readFileSync, writeSync } from 'node:fs';
import { FILE_MODE } from './private-files.ts';

export interface LandedAt {
  readonly batchSeq: number;
  readonly member: number;
}

const ENTRY = 40;

/** Open addressing over the entries' first four bytes: 100 ms for 3 million entries, no object per entry. */
export class DigestIndex {
  readonly #fd: number;
  #entries: Buffer;
  #count: number;
  #slots: Int32Array;

  private constructor(fd: number, entries: Buffer) {
    this.#fd = fd;
    this.#entries = entries;
    this.#count = Math.floor(entries.length / ENTRY);
    this.#slots = new Int32Array(0);
    this.#rebuild();
  }

  /** Opens or makes the file. Entries of batches from the last one on are dropped: a crash may have cut them short. */
  static open(path: string, ledgerSeq: number): DigestIndex {
    const fd = openSync(path, 'a+', FILE_MODE);
    let entries = readFileSync(path);
    let count = Math.floor(entries.length / ENTRY);
    const last = count === 0 ? 0 : entries.readUInt32LE((count - 1) * ENTRY + 32);
    while (count > 0 && entries.readUInt32LE((count - 1) * ENTRY + 32) >= Math.min(last, ledgerSeq + 1)) count--;
    entries = entries.subarray(0, count * ENTRY);
    ftruncateSync(fd, entries.length);
    return new DigestIndex(fd, entries);
  }

  /** Every batch up to this one is in the index; 0 when it is empty. */
  get lastSeq(): number {
    return this.#count === 0 ? 0 : this.#entries.readUInt32LE((this.#count - 1) * ENTRY + 32);
  }

  /** Where these bytes were landed first, or undefined. */
  find(sha256: Buffer): LandedAt | undefined {
    for (let slot = this.#slot(sha256); ; slot = (slot + 1) & (this.#slots.length - 1)) {
      const entry = (this.#slots[slot] ?? 0) - 1;
      if (entry < 0) return undefined;
      const at = entry * ENTRY;
      if (this.#entries.compare(sha256, 0, 32, at, at + 32) === 0) {
        return { batchSeq: this.#entries.readUInt32LE(at + 32), member: this.#entries.readUInt32LE(at + 36) };
      }
    }
  }

  /**
   * Adds what one batch holds: its members in order, or (`isWhole`) what one file is known by. The first landing of the same
   * bytes stays the one that is found.
   */
  add(batchSeq: number, digests: readonly Buffer[], isWhole = false): void {
    const added = Buffer.alloc(digests.length * ENTRY);
    digests.forEach((sha256, index) => {
      sha256.copy(added, index * ENTRY);
      added.writeUInt32LE(batchSeq, index * ENTRY + 32);
      added.writeUInt32LE(isWhole ? 0 : index, index * ENTRY + 36);
    });
    writeSync(this.#fd, added);
    const needed = (this.#count + digests.length) * ENTRY;
    if (needed > this.#entries.length) {
      const grown = Buffer.alloc(Math.max(needed, this.#entries.length * 2));
      this.#entries.copy(grown, 0, 0, this.#count * ENTRY);
      this.#entries = grown;
    }
    added.copy(this.#entries, this.#count * ENTRY);
    this.#count += digests.length;
    if (this.#count * 2 > this.#slots.length) this.#rebuild();
    else for (let entry = this.#count - digests.length; entry < this.#count; entry++) this.#place(entry);
  }

  close(): void {
    closeSync(this.#fd);
  }

  #slot(sha256: Buffer, at = 0): number {
    return sha256.readUInt32LE(at) & (this.#slots.length - 1);
  }

  #place(entry: number): void {
    const at = entry * ENTRY;
    let slot = this.#slot(this.#entries, at);
    while ((this.#slots[slot] ?? 0) !== 0) {
      const other = ((this.#slots[slot] ?? 0) - 1) * ENTRY;
      if (this.#entries.compare(this.#entries, at, at + 32, other, other + 32) === 0) return;
      slot = (slot + 1) & (this.#slots.length - 1);
    }
    this.#slots[slot] = entry + 1;
  }

  #rebuild(): void {
    let size = 1024;
    while (size < this.#count * 4) size *= 2;
    this.#slots = new Int32Array(size);
    for (let entry = 0; entry < this.#count; entry++) this.#place(entry);
  }
}

/** What one batch adds to the index. */
export interface BatchDigests {
  readonly batchSeq: number;
  readonly digests: readonly Buffer[];
  /** As in `DigestIndex.add`. */
  readonly isWhole: boolean;
}

/**
 * The first batch of which the index says something else than landing; undefined where it says the same, as far as it goes. A digest too many makes its bytes
 * count as landed when they come.
 * @param batches in order; the digests that each of them has
 */
export function digestFault(path: string, batches: Iterable<BatchDigests>): number | undefined {
  if (!existsSync(path)) return undefined;
  const entries = readFileSync(path);
  let at = 0;
  for (const { batchSeq, digests, isWhole } of batches) {
    for (const [index, sha256] of digests.entries()) {
      // What is missing at the end is added at start.
      if (at + ENTRY > entries.length) return undefined;
      const isSame = sha256.equals(entries.subarray(at, at + 32)) && entries.readUInt32LE(at + 32) === batchSeq && entries.readUInt32LE(at + 36) === (isWhole ? 0 : index);
      if (!isSame) return batchSeq;
      at += ENTRY;
    }
  }
  return at + ENTRY > entries.length ? undefined : entries.readUInt32LE(at + 32);
}
