/**
 * What landing holds no more, and why: `landing/removals.jsonl`, a chained line for each batch that retention or an erasure took
 * something from. The ledger's own line stays as it is; this one says what became of the bytes, and what still proves the records.
 *
 * A line is appended and synced before any byte goes. What a crash leaves undone is done when landing is next opened for writing.
 */
import { hash } from 'node:crypto';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { chainLines, type ChainedLine } from './chain-log.ts';

export const REMOVALS = 'removals.jsonl';
/** Below `landing/`: a file for each batch in `removals.jsonl`, the SHA-256 of its records, 32 bytes each, in the order of delivery. */
export const LEAVES = 'leaves';
/** What is put in a batch's place is written under its name and this, until its line is in the log. */
export const REPLACEMENT = '.new';

/** What the journal calls the decision behind a removal. */
export const REMOVAL_ACTIONS: Readonly<Record<Removal['cause'], string>> = { retention: 'landing.retain', erasure: 'landing.erase' };

/** What a removed or changed batch held of one source: nothing of it is complete before `last_at`. RFC 3339 UTC. */
export interface RemovedSpan {
  /** In the words of `stg_sources` (`cloudtrail`, `ecs_events`, `sign_ins`), or another class of queries/keeping. */
  readonly source: string;
  readonly tenant_id: string | null;
  readonly sign_in_kind: string | null;
  readonly first_at: string;
  readonly last_at: string;
}

/** A batch's files as they lie now, where they are there: lower-case hex SHA-256. */
export interface ReplacedBytes {
  readonly bytes: number;
  readonly sha256: string;
  readonly index_sha256: string | null;
}

export interface Removal {
  /** RFC 3339 UTC. */
  readonly at: string;
  /** `retention` or `erasure`; who and why stands in the journal. */
  readonly cause: 'retention' | 'erasure';
  /** The journal's line that says who decided it, and by which rule. */
  readonly journal_seq: number;
  /** `landed`: the bytes are gone or changed. `database`: the bytes are there, and staging leaves the batch out. */
  readonly layer: 'landed' | 'database';
  readonly batch: number;
  /** As in the ledger. */
  readonly batch_sha256: string;
  /** Records of the batch as it was delivered; null where its bytes could not be unpacked. */
  readonly records: number | null;
  /** Root of its record tree (docs/evidence-bundle.md), lower-case hex; null as above. */
  readonly record_root: string | null;
  /** SHA-256 of the file of the records' hashes; null as above, and for the layer `database`. */
  readonly leaves_sha256: string | null;
  /** What is in its place; null where nothing is. */
  readonly now: ReplacedBytes | null;
  /** Records whose bytes were taken out, counted over all erasures of this batch; all of them where nothing is left. */
  readonly records_removed: number | null;
  readonly spans: readonly RemovedSpan[];
}

export type RemovalLine = ChainedLine & Removal;

/** What became of one batch, by all of its lines. */
export interface BatchRemoval {
  /** Its newest line about landed bytes; undefined where these are as they were delivered. */
  readonly landed: RemovalLine | undefined;
  /** Staging leaves it out. */
  readonly isLeftOut: boolean;
}

/** What is landed no more, or is left out, counted over all batches as they stand. */
export interface RemovalCounts {
  /** Batches whose bytes retention took. */
  readonly retained: number;
  /** Batches whose bytes are there, and which the database leaves out. */
  readonly left_out: number;
  /** Batches out of which an erasure cut records, and how many records. */
  readonly erased: number;
  readonly erased_records: number;
}

/** The log, read as far as it goes; read anew when it has grown. */
export class RemovalRecord {
  readonly #folder: string;
  #size = -1;
  #batches = new Map<number, BatchRemoval>();
  #lines: RemovalLine[] = [];

  /** @param folder `<data folder>/landing` */
  constructor(folder: string) {
    this.#folder = folder;
  }

  /** What became of a batch, or undefined where it is as it was delivered. */
  of(batch: number): BatchRemoval | undefined {
    return this.#read().get(batch);
  }

  /** Every line, oldest first. */
  get lines(): readonly RemovalLine[] {
    this.#read();
    return this.#lines;
  }

  get counts(): RemovalCounts {
    const batches = [...this.#read().values()];
    const erased = batches.flatMap(({ landed }) => (landed?.now ? [landed.records_removed ?? 0] : []));
    return {
      retained: batches.filter(({ landed }) => landed?.now === null).length, left_out: batches.filter(({ landed, isLeftOut }) => isLeftOut && landed?.now !== null).length,
      erased: erased.length, erased_records: erased.reduce((sum, one) => sum + one, 0),
    };
  }

  /** Sequence of the last line; 0 where there is none. */
  get lastSeq(): number {
    return this.lines.at(-1)?.seq ?? 0;
  }

  #read(): Map<number, BatchRemoval> {
    const path = join(this.#folder, REMOVALS);
    const size = statSync(path, { throwIfNoEntry: false })?.size ?? 0;
    if (size === this.#size) return this.#batches;
    const batches = new Map<number, BatchRemoval>();
    const lines: RemovalLine[] = [];
    for (const line of chainLines<RemovalLine>(path)) {
      lines.push(line);
      const before = batches.get(line.batch);
      const landed = line.layer === 'landed' ? line : before?.landed;
      batches.set(line.batch, { landed, isLeftOut: (before?.isLeftOut ?? false) || line.layer === 'database' || line.now === null });
    }
    this.#size = size;
    this.#lines = lines;
    this.#batches = batches;
    return batches;
  }
}

/** What was taken from a data folder's landing. */
export function removedFrom(dataDir: string): RemovalCounts {
  return new RemovalRecord(join(dataDir, 'landing')).counts;
}

/** Where the hashes of a batch's records lie. */
export function leavesPath(folder: string, batch: number): string {
  return join(folder, LEAVES, `${String(batch).padStart(9, '0')}.leaves`);
}

/**
 * The hashes of a batch's records, 32 bytes each in the order of delivery, kept when its bytes went.
 * @returns undefined where they are gone or altered: then nothing proves a record of this batch any more
 */
export function keptLeaves(folder: string, line: Pick<RemovalLine, 'batch' | 'leaves_sha256'>): Buffer | undefined {
  const path = leavesPath(folder, line.batch);
  if (line.leaves_sha256 === null || !existsSync(path)) return undefined;
  const bytes = readFileSync(path);
  return hash('sha256', bytes, 'hex') === line.leaves_sha256 ? bytes : undefined;
}
