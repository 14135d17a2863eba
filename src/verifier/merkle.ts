/**
 * Merkle trees of RFC 6962 section 2.1 (the same in RFC 9162): roots, audit paths, and one proof for many leaves.
 *
 * A leaf's hash is SHA-256(0x00 ‖ data), a node's SHA-256(0x01 ‖ left ‖ right). The RFC splits a tree at the largest power of two
 * below its count. That is the same as hashing pairs level by level from the leaves up, where the last of an odd number
 * goes up as it is; so the tree is kept here, level over level, and a subtree of `2^level` leaves is one place in it.
 */
import { hash } from 'node:crypto';

/** Length of a SHA-256. */
export const HASH_BYTES = 32;

/** The root of a tree without leaves: SHA-256 of nothing. */
export const EMPTY_ROOT: Buffer = hash('sha256', Buffer.alloc(0), 'buffer');

/** Indexes are counted in 32-bit numbers. */
const MOST_LEAVES = 2 ** 31 - 1;

const leafInput = Buffer.alloc(1 + HASH_BYTES);
const nodeInput = Buffer.alloc(1 + 2 * HASH_BYTES, 1);

/** Node makes a string of a hash in half the time that it takes for a buffer, and a tree has millions. */
function sha256(data: Uint8Array): Buffer {
  return Buffer.from(hash('sha256', data, 'binary'), 'latin1');
}

/** SHA-256(0x00 ‖ data). */
export function leafHash(data: Uint8Array): Buffer {
  if (data.length !== HASH_BYTES) return sha256(Buffer.concat([Buffer.of(0), data]));
  // A record tree's data are hashes, millions of them: no new buffer for each.
  leafInput.set(data, 1);
  return sha256(leafInput);
}

/** SHA-256(0x01 ‖ left ‖ right), of two hashes. */
export function nodeHash(left: Uint8Array, right: Uint8Array): Buffer {
  nodeInput.set(left, 1);
  nodeInput.set(right, 1 + HASH_BYTES);
  return sha256(nodeInput);
}

/** Gathers a tree's leaves one by one; 64 bytes of memory a leaf once the tree is made. */
export class MerkleTreeBuilder {
  #leaves = Buffer.alloc(64 * HASH_BYTES);
  #size = 0;

  /** Adds the leaf of `data`. */
  add(data: Uint8Array): void {
    const at = this.#size * HASH_BYTES;
    if (at === this.#leaves.length) this.#leaves = Buffer.concat([this.#leaves, Buffer.alloc(at)]);
    this.#leaves.set(leafHash(data), at);
    this.#size += 1;
  }

  get size(): number {
    return this.#size;
  }

  /** The tree of all leaves added so far. */
  tree(): MerkleTree {
    return new MerkleTree(this.#leaves.subarray(0, this.#size * HASH_BYTES));
  }
}

/** A whole tree in memory, to take its root and proofs from. */
export class MerkleTree {
  readonly size: number;
  /** `#levels[l]` holds, one after another, the hashes of the subtrees of up to `2^l` leaves. */
  readonly #levels: readonly Buffer[];

  /** @param leafHashes the leaves' hashes (`leafHash`), one after another */
  constructor(leafHashes: Buffer) {
    this.size = leafHashes.length / HASH_BYTES;
    if (!Number.isInteger(this.size) || this.size > MOST_LEAVES) throw new RangeError(`${leafHashes.length} bytes are not the leaves of a tree`);
    const levels = [leafHashes];
    for (let below = leafHashes; below.length > HASH_BYTES; ) {
      const level = Buffer.alloc(Math.ceil(below.length / 2 / HASH_BYTES) * HASH_BYTES);
      for (let at = 0; at < level.length; at += HASH_BYTES) {
        const left = below.subarray(2 * at, 2 * at + HASH_BYTES);
        const right = below.subarray(2 * at + HASH_BYTES, 2 * at + 2 * HASH_BYTES);
        level.set(right.length === 0 ? left : nodeHash(left, right), at);
      }
      levels.push(level);
      below = level;
    }
    this.#levels = levels;
  }

  /** The tree of a list of data. */
  static of(data: Iterable<Uint8Array>): MerkleTree {
    const builder = new MerkleTreeBuilder();
    for (const one of data) builder.add(one);
    return builder.tree();
  }

  /** MTH of RFC 6962 section 2.1. */
  get root(): Buffer {
    return this.size === 0 ? EMPTY_ROOT : this.#at(this.#levels.length - 1, 0);
  }

  /** The audit path of one leaf, counted from 0: RFC 6962 section 2.1.1. */
  path(index: number): Buffer[] {
    if (!Number.isInteger(index) || index < 0 || index >= this.size) throw new RangeError(`a tree of ${this.size} leaves has no leaf ${index}`);
    const path: Buffer[] = [];
    for (let level = 0, at = index; level < this.#levels.length - 1; level += 1, at >>= 1) {
      const sibling = at ^ 1;
      // The last of an odd number has none, and goes up as it is.
      if (sibling < this.#count(level)) path.push(this.#at(level, sibling));
    }
    return path;
  }

  /**
   * One proof for many leaves: the hashes of the largest subtrees that hold none of them, from left to right.
   * @param indexes counted from 0, in ascending order, each once
   */
  multiproof(indexes: ArrayLike<number>): Buffer[] {
    checkAscending(indexes, this.size);
    const proof: Buffer[] = [];
    let next = 0;
    const visit = (level: number, at: number): void => {
      if ((indexes[next] ?? Infinity) >= (at + 1) * 2 ** level) proof.push(this.#at(level, at));
      else if (level === 0) next += 1;
      else {
        visit(level - 1, 2 * at);
        if (2 * at + 1 < this.#count(level - 1)) visit(level - 1, 2 * at + 1);
      }
    };
    if (this.size > 0) visit(this.#levels.length - 1, 0);
    return proof;
  }

  #count(level: number): number {
    return (this.#levels[level]?.length ?? 0) / HASH_BYTES;
  }

  #at(level: number, index: number): Buffer {
    return (this.#levels[level] ?? Buffer.alloc(0)).subarray(index * HASH_BYTES, (index + 1) * HASH_BYTES);
  }
}

/**
 * The root that an audit path leads to from a leaf, or undefined where the path is too short or too long for that place:
 * the algorithm of RFC 9162 section 2.1.3.2.
 */
export function rootFromPath(leaf: Uint8Array, index: number, size: number, path: readonly Uint8Array[]): Buffer | undefined {
  if (!isCount(size) || !isCount(index) || index >= size) return undefined;
  let node: Buffer = Buffer.from(leaf);
  let at = index;
  let last = size - 1;
  for (const sibling of path) {
    if (last === 0) return undefined;
    if (at % 2 === 1 || at === last) {
      node = nodeHash(sibling, node);
      while (at % 2 === 0 && at !== 0) {
        at >>= 1;
        last >>= 1;
      }
    } else node = nodeHash(node, sibling);
    at >>= 1;
    last >>= 1;
  }
  return last === 0 ? node : undefined;
}

/**
 * The root that a proof for many leaves leads to, or undefined where it has too few or too many hashes for them.
 * @param size how many leaves the whole tree has
 * @param indexes those that are known, counted from 0, in ascending order, each once
 * @param leafAt the leaf hash of `indexes[n]`
 */
export function rootFromMultiproof(size: number, indexes: ArrayLike<number>, leafAt: (n: number) => Uint8Array, proof: readonly Uint8Array[]): Buffer | undefined {
  if (!isCount(size)) return undefined;
  checkAscending(indexes, size);
  let next = 0;
  let used = 0;
  /** The hash of the subtree at this place; undefined where the proof has run out. */
  const visit = (level: number, at: number): Uint8Array | undefined => {
    if ((indexes[next] ?? Infinity) >= (at + 1) * 2 ** level) return proof[used++];
    if (level === 0) return leafAt(next++);
    const left = visit(level - 1, 2 * at);
    // To the right of the last leaf there is nothing: the left one goes up as it is.
    if ((2 * at + 1) * 2 ** (level - 1) >= size) return left;
    const right = visit(level - 1, 2 * at + 1);
    return left === undefined || right === undefined ? undefined : nodeHash(left, right);
  };
  const root = size === 0 ? EMPTY_ROOT : visit(Math.ceil(Math.log2(size)), 0);
  return root === undefined || used !== proof.length ? undefined : Buffer.from(root);
}

function isCount(value: number): boolean {
  return Number.isInteger(value) && value >= 0 && value <= MOST_LEAVES;
}

function checkAscending(indexes: ArrayLike<number>, size: number): void {
  for (let at = 0, before = -1; at < indexes.length; at += 1) {
    const index = indexes[at] ?? -1;
    if (!Number.isInteger(index) || index <= before || index >= size) throw new RangeError(`leaf ${index} after ${before}, in a tree of ${size}`);
    before = index;
  }
}
