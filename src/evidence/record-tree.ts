/**
 * A batch's record tree: what proves, with the batch in hand or a proof beside it, that a record stood in what was delivered.
 *
 * Landing hashes batches, not records, since most records never become evidence. So the tree is made when one does: out of the
 * batch's own bytes, which are checked against the ledger first. docs/evidence-bundle.md defines it.
 */
import { EXIT, WhoranError } from '../core/errors.ts';
import { frameRegistry, frames } from '../landing/framing.ts';
import { gunzipWithin } from '../landing/gunzip.ts';
import type { LandedBatches, LedgerLine } from '../landing/landed-batches.ts';
import { keptLeaves } from '../landing/removal-log.ts';
import { blankSessionToken } from '../landing/session-token.ts';
import { HASH_BYTES, MerkleTreeBuilder, type MerkleTree } from '../verifier/merkle.ts';

/** A record that was asked for, where the batch has it. */
export interface BatchRecord {
  /** Its place among the batch's records, from 0: the leaf of the tree. */
  readonly leaf: number;
  /** Lower-case hex (RULINGS 20). */
  readonly sha256: string;
  /** Its own bytes, session tokens blanked; hash to `sha256`. */
  readonly bytes: Buffer;
}

export interface BatchRecords {
  /** The SHA-256 of every record as delivered, 32 bytes each, in that order: also of those that an erasure took. */
  readonly hashes: Buffer;
  /** The first of each hash that was asked for and is there, in order of leaf. */
  readonly found: readonly BatchRecord[];
}

/** What a batch is read with: an open landing. */
export type BatchReader = Pick<LandedBatches, 'readBatch' | 'packIndex' | 'readMember' | 'removals' | 'folder'>;

/**
 * Reads a batch through: every record's hash, and those records whose hash is wanted.
 *
 * @param wanted lower-case hex
 * @throws WhoranError where the batch is gone or altered; GunzipError where a member does not unpack
 */
export function batchRecords(landing: BatchReader, line: LedgerLine, wanted: ReadonlySet<string>): BatchRecords {
  const kept = keptOf(landing, line);
  const hashes: Buffer[] = [];
  const found: BatchRecord[] = [];
  const seen = new Set<string>();
  let leaf = -1;
  for (const { bytes, origin } of members(landing, line)) {
    const framed = line.form === 'identity_registry' ? frameRegistry(bytes, origin) : frames(bytes, origin);
    for (const frame of framed) {
      if (frame.kind !== 'record') continue;
      const { sha256 } = frame;
      leaf = kept ? nextLeaf(kept, leaf + 1, sha256, line.seq) : leaf + 1;
      if (wanted.has(sha256) && !seen.has(sha256)) {
        seen.add(sha256);
        // A copy: the frame is a window on the whole member, which would otherwise stay in memory with it.
        found.push({ leaf, sha256, bytes: Buffer.from(blankSessionToken(frame.bytes)) });
      }
      hashes.push(Buffer.from(sha256, 'hex'));
    }
  }
  return { hashes: kept ?? Buffer.concat(hashes), found };
}

/** The hashes of the records as they were delivered, where an erasure took some of them. */
function keptOf(landing: BatchReader, line: LedgerLine): Buffer | undefined {
  const removal = landing.removals.of(line.seq)?.landed;
  return removal?.now ? keptLeaves(landing.folder, removal) : undefined;
}

/** What is left stands in the order of delivery, so a record's leaf is the next of its hash. */
function nextLeaf(kept: Buffer, from: number, sha256: string, batch: number): number {
  const wanted = Buffer.from(sha256, 'hex');
  for (let leaf = from; leaf * HASH_BYTES < kept.length; leaf += 1) {
    if (kept.compare(wanted, 0, HASH_BYTES, leaf * HASH_BYTES, (leaf + 1) * HASH_BYTES) === 0) return leaf;
  }
  throw new WhoranError(`batch ${batch}: a record that an erasure left is none of those that were delivered`, { exitCode: EXIT.found, hint: 'Restore the batch from a backup made after the erasure, and find out who changed it.' });
}

/**
 * The root of a batch's record tree, and how many records it has. Of a batch that retention or an erasure took something from, out of the hashes that were
 * kept: `isKept`, since that these are its records was checked when they were kept, and cannot be again. As `batchRecords` throws.
 */
export function recordRoot(landing: BatchReader, line: LedgerLine): { readonly records: number; readonly root: Buffer; readonly isKept: boolean } {
  const removal = landing.removals.of(line.seq)?.landed;
  const leaves = removal === undefined ? undefined : keptLeaves(landing.folder, removal);
  if (leaves) {
    const kept = treeOf(leaves);
    return { records: kept.size, root: kept.root, isKept: true };
  }
  const tree = treeOf(batchRecords(landing, line, new Set()).hashes);
  return { records: tree.size, root: tree.root, isKept: false };
}

/** The tree over records' hashes, 32 bytes each. */
export function treeOf(hashes: Buffer): MerkleTree {
  const builder = new MerkleTreeBuilder();
  for (let at = 0; at < hashes.length; at += HASH_BYTES) builder.add(hashes.subarray(at, at + HASH_BYTES));
  return builder.tree();
}

/** The batch's members, unpacked, in order. */
function* members(landing: BatchReader, line: LedgerLine): Generator<{ bytes: Buffer; origin: string }> {
  if (line.form !== 'trail_objects') {
    yield { bytes: gunzipWithin(landing.readBatch(line)), origin: line.origin };
    return;
  }
  for (const { member } of landing.packIndex(line)) {
    const { bytes, origin } = landing.readMember(line.seq, member);
    yield { bytes: gunzipWithin(bytes), origin };
  }
}
