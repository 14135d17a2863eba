/**
 * The read side of landing: batches, the members of packs, and the lines of the ledger and journal. Opens nothing for
 * writing, so it works beside a running ingest.
 */
import { hash } from 'node:crypto';
import { closeSync, existsSync, openSync, readFileSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { EXIT, WhoranError } from '../core/errors.ts';
import { chainLines, type ChainedLine } from './chain-log.ts';
import { gunzipWithin } from './gunzip.ts';
import { parsePackIndex, type PackEntry } from './pack.ts';
import { RemovalRecord, REPLACEMENT, type RemovalLine } from './removal-log.ts';

/** What a batch is, so that staging knows how to read it. `file`: its records' forms are told by content. */
export type BatchForm = 'trail_objects' | 'file' | 'identity_registry';

/** One line of the ledger: a batch as a source delivered it. */
export interface LedgerLine extends ChainedLine {
  /** RFC 3339 UTC. */
  readonly landed_at: string;
  /** `files`, or the id of a configured source. */
  readonly source: string;
  readonly form: BatchForm;
  /** File path as the user gave it, object key, or query and window. For a pack: that of its first member. */
  readonly origin: string;
  /** Event times from and to, where the source says them; files don't before they are staged. */
  readonly first_event_at: string | null;
  readonly last_event_at: string | null;
  /** Records, where the source says how many. */
  readonly records: number | null;
  readonly members: number;
  readonly bytes: number;
  /** Lower-case hex SHA-256 of the batch's bytes. */
  readonly sha256: string;
  /**
   * SHA-256 of the bytes without what differs from answer to answer (a page's token); null where nothing does. An answer that
   * differs from a landed one in nothing else holds nothing new.
   */
  readonly content_sha256: string | null;
  /** SHA-256 of the pack's index file; null where there is none. */
  readonly index_sha256: string | null;
  /** The part of a live source that delivered it; null for files. */
  readonly stream: string | null;
  /** The Entra tenant of rows that name none, as the source's configuration has it (RULINGS 16). */
  readonly tenant_id: string | null;
  /** What the service said beside the bytes: ETag, version id and the like. A pack's members have theirs in its index. */
  readonly metadata: Readonly<Record<string, string>> | null;
}

/** A person's decision, appended to the journal: who, when, why. */
export interface JournalLine extends ChainedLine {
  readonly at: string;
  readonly by: string;
  /** What was decided, for example `finding.acknowledge`. */
  readonly action: string;
  /** What about, for example a finding's dedup_key. */
  readonly subject: string;
  readonly reason: string | null;
  readonly detail: Readonly<Record<string, string | number | boolean | null | readonly string[]>>;
}

/** A batch member and where it came from. */
export interface DeliveredMember {
  /** As delivered: gzip as it came. */
  readonly bytes: Buffer;
  readonly origin: string;
}

/** Members of a pack are looked up again and again; their indexes are kept, up to this many. */
const KEPT_INDEXES = 64;

/** Landed batches, to read. */
export class LandedBatches {
  /** `<dataDir>/landing`. */
  readonly folder: string;
  /** What retention and erasures took. */
  readonly removals: RemovalRecord;
  readonly #indexes = new Map<string, PackEntry[]>();

  constructor(folder: string) {
    this.folder = folder;
    this.removals = new RemovalRecord(folder);
  }

  /** The ledger's lines above `after`, oldest first. */
  batches(after = 0): Generator<LedgerLine> {
    return chainLines<LedgerLine>(join(this.folder, 'ledger.jsonl'), after);
  }

  /** The journal's lines above `after`, oldest first. */
  decisions(after = 0): Generator<JournalLine> {
    return chainLines<JournalLine>(join(this.folder, 'journal.jsonl'), after);
  }

  /** One line of the ledger. @throws WhoranError where there is none. */
  batch(seq: number): LedgerLine {
    for (const line of this.batches(seq - 1)) return line;
    throw missing(`batch ${seq}`);
  }

  /** The index of a pack; it stays when the pack's bytes go. @throws WhoranError where it is missing or altered. */
  packIndex(line: Pick<LedgerLine, 'seq' | 'index_sha256'>): PackEntry[] {
    const expected = this.removals.of(line.seq)?.landed?.now?.index_sha256 ?? line.index_sha256;
    return parsePackIndex(this.#readAs(line.seq, 'index', expected));
  }

  /**
   * A batch's bytes, whole: as delivered, or as an erasure left them.
   * @throws RemovedError where retention took them; WhoranError where they are missing or altered
   */
  readBatch(line: Pick<LedgerLine, 'seq' | 'form' | 'sha256'>): Buffer {
    const removal = this.#notGone(line.seq);
    const kind = line.form === 'trail_objects' ? 'pack' : 'batch';
    return this.#readAs(line.seq, kind, removal?.now?.sha256 ?? line.sha256);
  }

  /**
   * One member as it was delivered, with its origin. For a batch that is no pack, member 0 is all of it.
   * @throws RemovedError where retention took it; WhoranError where it is missing or altered.
   */
  readMember(batchSeq: number, member: number): DeliveredMember {
    this.#notGone(batchSeq);
    if (!existsSync(this.path(batchSeq, 'index'))) {
      const line = this.batch(batchSeq);
      if (line.form === 'trail_objects') throw missing(this.path(batchSeq, 'index'));
      if (member !== 0) throw missing(`batch ${batchSeq}, member ${member}`);
      return { bytes: this.readBatch(line), origin: line.origin };
    }
    const entry = this.#indexOf(batchSeq)[member];
    if (!entry) throw missing(`batch ${batchSeq}, member ${member}`);
    for (const path of this.#places(batchSeq, 'pack')) {
      const bytes = readRange(path, entry);
      if (hash('sha256', bytes, 'hex') === entry.sha256) return { bytes, origin: entry.origin };
    }
    throw altered(`${this.path(batchSeq, 'pack')}, member ${member}`);
  }

  /** As `readMember`, unpacked: what records are cut out of. @throws GunzipError where it doesn't unpack. */
  unpackMember(batchSeq: number, member: number): DeliveredMember {
    const { bytes, origin } = this.readMember(batchSeq, member);
    return { bytes: gunzipWithin(bytes), origin };
  }

  /** Whether a member's bytes are as they were delivered: an erasure changes a pack, and in it only the members that it took something from. */
  isAsDelivered(batchSeq: number, member: number): boolean {
    const removal = this.removals.of(batchSeq)?.landed;
    if (removal === undefined) return true;
    return typeof removal.now?.index_sha256 === 'string' && this.#indexOf(batchSeq)[member]?.delivered_sha256 === undefined;
  }

  /** Where a batch's file lies. */
  protected path(seq: number, kind: 'pack' | 'index' | 'batch'): string {
    const suffix = { pack: '.pack.gz', index: '.index.jsonl', batch: '.batch' }[kind];
    return join(this.batchesFolder, String(seq).padStart(9, '0') + suffix);
  }

  protected get batchesFolder(): string {
    return join(this.folder, 'batches');
  }

  /** The batch's line in the log of removals, where something of it is left. @throws RemovedError where nothing is */
  #notGone(seq: number): RemovalLine | undefined {
    const removal = this.removals.of(seq)?.landed;
    if (removal?.now === null) throw new RemovedError(seq, removal);
    return removal;
  }

  /**
   * Where a batch's file may lie: for the moment between an erasure's line and its renaming, beside its place. There may also lie one that a further
   * erasure only prepares: the hash tells.
   */
  #places(seq: number, kind: 'pack' | 'index' | 'batch'): string[] {
    const path = this.path(seq, kind);
    return this.removals.of(seq)?.landed && existsSync(path + REPLACEMENT) ? [path + REPLACEMENT, path] : [path];
  }

  /** A batch's file, of this hash. */
  #readAs(seq: number, kind: 'pack' | 'index' | 'batch', sha256: string | null): Buffer {
    for (const path of this.#places(seq, kind)) {
      const bytes = read(path);
      if (hash('sha256', bytes, 'hex') === sha256) return bytes;
    }
    throw altered(this.path(seq, kind));
  }

  #indexOf(seq: number): PackEntry[] {
    // An erasure changes a pack and its index.
    const key = `${seq}/${this.removals.of(seq)?.landed?.seq ?? 0}`;
    const kept = this.#indexes.get(key);
    if (kept) return kept;
    const entries = this.packIndex(this.batch(seq));
    if (this.#indexes.size >= KEPT_INDEXES) this.#indexes.delete(this.#indexes.keys().next().value ?? '');
    this.#indexes.set(key, entries);
    return entries;
  }
}

/** Retention took a batch's bytes. That is no damage: the log of removals says when and why. */
export class RemovedError extends WhoranError {
  readonly removal: RemovalLine;

  constructor(batch: number, removal: RemovalLine) {
    super(`batch ${batch} is kept no more: ${removal.cause} removed its bytes on ${removal.at.slice(0, 10)} (line ${removal.journal_seq} of the journal)`, {
      exitCode: EXIT.wrongUse,
      hint: 'Its line in the ledger, its SHA-256 and the hashes of its records are still there. The bytes are in backups made before, if anywhere.',
    });
    this.removal = removal;
  }
}

/** Opens `<dataDir>/landing` to read. */
export function openLandedBatches(dataDir: string): LandedBatches {
  return new LandedBatches(join(dataDir, 'landing'));
}

function readRange(path: string, entry: PackEntry): Buffer {
  const bytes = Buffer.alloc(entry.bytes);
  let fd: number;
  try {
    fd = openSync(path, 'r');
  } catch (error) {
    throw missing(path, error);
  }
  try {
    readSync(fd, bytes, 0, entry.bytes, entry.offset);
  } finally {
    closeSync(fd);
  }
  return bytes;
}

function read(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    throw missing(path, error);
  }
}

function altered(what: string): WhoranError {
  return new WhoranError(`${what} is not what was landed: its SHA-256 differs from the one in the ledger`, {
    exitCode: EXIT.found,
    hint: 'Landed bytes are never changed. Restore the file from a backup, and find out who changed it.',
  });
}

function missing(what: string, cause?: unknown): WhoranError {
  return new WhoranError(`${what} is not in landing`, {
    exitCode: EXIT.wrongUse,
    hint: 'Restore the folder landing/ from a backup, or ingest the same files into a new data folder.',
    cause,
  });
}
