/**
 * What an erasure makes of each delivery: which records go, and the file that takes its place.
 */
import { hash } from 'node:crypto';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { batchRecords, treeOf } from '../evidence/record-tree.ts';
import { eraseRecords, type ErasedFile } from '../landing/erase-records.ts';
import { GunzipError, gunzipWithin, isGzip } from '../landing/gunzip.ts';
import type { LandedBatches, LedgerLine } from '../landing/landed-batches.ts';
import { packIndexText, type PackEntry } from '../landing/pack.ts';
import { writeWhole } from '../landing/private-files.ts';
import { REPLACEMENT, type RemovedSpan, type ReplacedBytes } from '../landing/removal-log.ts';
import type { RemovalWithLeaves } from '../landing/removals.ts';
import { HASH_BYTES } from '../verifier/merkle.ts';
import type { PersonNames } from './person-names.ts';

/** A delivery that names the person. */
export interface BatchErasure {
  readonly line: LedgerLine;
  /** By member; of a plain file, member 0. */
  readonly members: ReadonlyMap<number, ErasedFile>;
}

export interface ErasureScan {
  readonly batches: readonly (Omit<BatchErasure, 'members'> & { readonly members: ReadonlyMap<number, Omit<ErasedFile, 'bytes'>> })[];
  /** Files that do not unpack, so that nobody can say whom they name: they stay. */
  readonly unreadable: readonly { readonly batch: number; readonly member: number }[];
}

/**
 * Looks through every delivery.
 * @throws WhoranError where one is missing or altered
 */
export function scanBatches(landing: LandedBatches, names: PersonNames, progress: (step: string) => void): ErasureScan {
  const batches: BatchErasure[] = [];
  const unreadable: { batch: number; member: number }[] = [];
  for (const line of landing.batches()) {
    if (landing.removals.of(line.seq)?.landed?.now === null) continue;
    if (line.seq % 20 === 1) progress(`looking through batch ${line.seq}`);
    const members = new Map<number, ErasedFile>();
    for (const { member, packed, origin } of packedMembers(landing, line)) {
      const found = eraseMember(line, packed, origin, names);
      if (found === 'unreadable') unreadable.push({ batch: line.seq, member });
      // Its bytes are made once more when it is erased: they need not all be held.
      else if (found) members.set(member, { ...found, bytes: Buffer.alloc(0) });
    }
    if (members.size > 0) batches.push({ line, members });
  }
  return { batches, unreadable };
}

interface PackedMember {
  readonly member: number;
  readonly packed: Buffer;
  readonly origin: string;
}

function* packedMembers(landing: LandedBatches, line: LedgerLine): Generator<PackedMember> {
  const bytes = landing.readBatch(line);
  if (line.form !== 'trail_objects') {
    yield { member: 0, packed: bytes, origin: line.origin };
    return;
  }
  for (const { member, offset, bytes: length, origin } of landing.packIndex(line)) yield { member, packed: bytes.subarray(offset, offset + length), origin };
}

function eraseMember(line: LedgerLine, packed: Buffer, origin: string, names: PersonNames): ErasedFile | 'unreadable' | undefined {
  const isNamed = (bytes: Buffer): boolean => names.areIn(bytes);
  try {
    return eraseRecords(gunzipWithin(packed), origin, line.form === 'identity_registry', isNamed);
  } catch (error) {
    if (error instanceof GunzipError) return 'unreadable';
    throw error;
  }
}

/** An erasure of one delivery that awaits the journal's line. */
export interface PreparedErasure extends Omit<RemovalWithLeaves, 'removal'> {
  readonly removal: Omit<RemovalWithLeaves['removal'], 'journal_seq'>;
}

/**
 * Writes what takes a delivery's place beside it, synced but for its folder, and says what `remove` is to note.
 * @param spans of the records that go
 */
export async function prepareErasure(landing: LandedBatches, line: LedgerLine, names: PersonNames, noted: { readonly at: string; readonly spans: readonly RemovedSpan[] }): Promise<PreparedErasure> {
  const before = landing.removals.of(line.seq)?.landed;
  const leaves = recordHashes(landing, line);
  const path = join(landing.folder, 'batches', String(line.seq).padStart(9, '0'));
  const parts: Buffer[] = [];
  const entries: PackEntry[] = [];
  const index = line.form === 'trail_objects' ? landing.packIndex(line) : [];
  let offset = 0;
  let gone = 0;
  for (const { member, packed, origin } of packedMembers(landing, line)) {
    const found = eraseMember(line, packed, origin, names);
    const erased = found === 'unreadable' ? undefined : found;
    const bytes = erased === undefined ? packed : isGzip(packed) ? gzipSync(erased.bytes) : erased.bytes;
    gone += erased?.erased.filter(({ isRecord }) => isRecord).length ?? 0;
    const entry = index[member];
    if (entry) {
      entries.push(erased === undefined ? { ...entry, offset } : {
        ...entry, offset, bytes: bytes.length, sha256: hash('sha256', bytes, 'hex'), raw_bytes: erased.bytes.length, delivered_sha256: entry.delivered_sha256 ?? entry.sha256,
      });
    }
    parts.push(bytes);
    offset += bytes.length;
  }
  const indexText = index.length > 0 ? packIndexText(entries) : undefined;
  const now: ReplacedBytes = { bytes: offset, sha256: hash('sha256', Buffer.concat(parts), 'hex'), index_sha256: indexText === undefined ? null : hash('sha256', indexText, 'hex') };
  await writeWhole(`${path}${indexText === undefined ? '.batch' : '.pack.gz'}${REPLACEMENT}`, parts);
  if (indexText !== undefined) await writeWhole(`${path}.index.jsonl${REPLACEMENT}`, [indexText]);
  return {
    leaves,
    removal: {
      at: noted.at, cause: 'erasure', layer: 'landed', batch: line.seq, batch_sha256: line.sha256,
      records: leaves === null ? null : leaves.length / HASH_BYTES, record_root: leaves === null ? null : treeOf(leaves).root.toString('hex'),
      now, records_removed: (before?.records_removed ?? 0) + gone, spans: noted.spans,
    },
  };
}

/** Every record's hash as it was delivered; null where a part doesn't unpack, and so the whole gives none. */
function recordHashes(landing: LandedBatches, line: LedgerLine): Buffer | null {
  try {
    return batchRecords(landing, line, new Set()).hashes;
  } catch (error) {
    if (error instanceof GunzipError) return null;
    throw error;
  }
}
