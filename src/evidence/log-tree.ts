/**
 * The Merkle tree over one of landing's chained logs: proves that a line stood in it, without showing the others.
 */
import { hash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { MerkleTreeBuilder, type MerkleTree } from '../verifier/merkle.ts';

const NEWLINE = 0x0a;

/** A log as a bundle states it. */
export interface LogHead {
  readonly tree_size: number;
  /** Lower-case hex; null where the log has no line. */
  readonly root: string | null;
  /** SHA-256 of the last line, which the next one will hold; null where the log has no line. */
  readonly head_sha256: string | null;
}

/** One read of a log: its tree, and each line by its sequence. */
export class LogTree {
  readonly #bytes: Buffer;
  readonly #starts: readonly number[];
  readonly #tree: MerkleTree;

  /** @param path a chained log; where there is none, a log without lines. A last line without its line break doesn't count. */
  constructor(path: string) {
    this.#bytes = existsSync(path) ? readFileSync(path) : Buffer.alloc(0);
    const starts = [0];
    const builder = new MerkleTreeBuilder();
    for (let end = this.#bytes.indexOf(NEWLINE); end !== -1; end = this.#bytes.indexOf(NEWLINE, end + 1)) {
      builder.add(this.#bytes.subarray(starts.at(-1), end));
      starts.push(end + 1);
    }
    this.#starts = starts;
    this.#tree = builder.tree();
  }

  get head(): LogHead {
    const { size, root } = this.#tree;
    return size === 0 ? { tree_size: 0, root: null, head_sha256: null } : { tree_size: size, root: root.toString('hex'), head_sha256: hash('sha256', this.#line(size), 'hex') };
  }

  /** The text of line `seq`, counted from 1, and its audit path in hex. @throws RangeError where there is no such line */
  line(seq: number): { readonly text: string; readonly proof: readonly string[] } {
    const proof = this.#tree.path(seq - 1).map((one) => one.toString('hex'));
    return { text: this.#line(seq).toString('utf8'), proof };
  }

  #line(seq: number): Buffer {
    return this.#bytes.subarray(this.#starts[seq - 1], (this.#starts[seq] ?? 0) - 1);
  }
}
