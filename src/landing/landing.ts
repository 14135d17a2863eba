/**
 * Landing: what sources delivered, byte for byte, and the ledger that says what, when and from where. Everything else in a
 * data folder can be made again from it.
 */
import { hash } from 'node:crypto';
import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { chainFaults, ChainLog, type ChainedLine } from './chain-log.ts';
import { DigestIndex, type LandedAt } from './digest-index.ts';
import { LandedBatches, type BatchForm, type LedgerLine } from './landed-batches.ts';
import { packEntries, packIndexText, type PackMember } from './pack.ts';
import { PullLog } from './pull-log.ts';
import { settleRemovals } from './removals.ts';
import { REMOVALS } from './removal-log.ts';
import { makePrivateFolder, syncDirectory, writeWhole } from './private-files.ts';

/** A batch to land whole. */
export interface Delivery {
  readonly source: string;
  readonly form: Exclude<BatchForm, 'trail_objects'>;
  readonly origin: string;
  readonly bytes: Buffer;
  /** SHA-256 of `bytes`, where it is known already. */
  readonly sha256?: Buffer;
  /** SHA-256 of the bytes without what differs from answer to answer, where something does. */
  readonly contentSha256?: Buffer;
  readonly firstEventAt?: string | null;
  readonly lastEventAt?: string | null;
  readonly records?: number | null;
  readonly stream?: string | null;
  readonly tenantId?: string | null;
  readonly metadata?: Readonly<Record<string, string>> | null;
}

export interface LandingOptions {
  /** The clock, for `landed_at`. */
  readonly now?: () => Date;
}

/** Chained logs that are opened for each append: the journal has a lock of its own. */
const OTHER_LOGS = ['journal.jsonl', 'runs.jsonl', 'alerts.jsonl', REMOVALS];

/** An open landing. For writing, the caller holds the data folder's lock. */
export class Landing extends LandedBatches {
  /** What was repaired at start, one sentence each. */
  readonly repairs: readonly string[];
  /** How far each live source's streams are pulled. */
  readonly pulls: PullLog;
  readonly #ledger: ChainLog<LedgerLine>;
  readonly #digests: DigestIndex;
  readonly #now: () => Date;
  #nextSeq: number;
  #newestRegistry: { readonly at: LandedAt; readonly sha256: string } | undefined;
  #isRegistryRead = false;

  private constructor(folder: string, now: () => Date) {
    super(folder);
    this.#now = now;
    makePrivateFolder(this.batchesFolder);
    this.#ledger = ChainLog.open<LedgerLine>(join(folder, 'ledger.jsonl'));
    this.pulls = PullLog.open(folder, this.#ledger.lastSeq);
    this.repairs = [
      ...tornLine(this.#ledger, 'ledger.jsonl'),
      ...this.pulls.repairs,
      ...this.#removeOrphans(),
      ...settleRemovals(folder, this.removals),
    ];
    this.#digests = DigestIndex.open(join(folder, 'digests.bin'), this.#ledger.lastSeq);
    for (const line of this.batches(this.#digests.lastSeq)) {
      if (line.form !== 'identity_registry') this.#addDigests(line);
    }
    this.#nextSeq = this.#ledger.lastSeq + 1;
  }

  /** Opens or makes `<dataDir>/landing`, and repairs what a crash left: a torn last line, files without a line. */
  static open(dataDir: string, options: LandingOptions = {}): Landing {
    return new Landing(join(dataDir, 'landing'), options.now ?? ((): Date => new Date()));
  }

  /** Sequence of the newest batch; 0 when there is none. */
  get lastSeq(): number {
    return this.#ledger.lastSeq;
  }

  /** Where the same bytes were landed before as logs, or undefined. */
  find(sha256: Buffer): LandedAt | undefined {
    return this.#digests.find(sha256);
  }

  /**
   * The newest import of the identity registry, with its lower-case hex SHA-256. A later import replaces an earlier one, so the
   * bytes of an older one land again: who goes back to it means it.
   */
  get newestRegistry(): { readonly at: LandedAt; readonly sha256: string } | undefined {
    if (!this.#isRegistryRead) {
      for (const line of this.batches()) this.#noteRegistry(line);
      this.#isRegistryRead = true;
    }
    return this.#newestRegistry;
  }

  /**
   * The sequences that the next `count` batches will have. Batches must then be landed in that order; it lets staging begin
   * while the bytes are still being synced.
   */
  reserve(count: number): number[] {
    const first = this.#nextSeq;
    this.#nextSeq += count;
    return Array.from({ length: count }, (_, index) => first + index);
  }

  /**
   * Lands trail objects as one pack under a reserved sequence. After it resolves the bytes and their line are on disk.
   * @throws where the disk refuses; nothing is landed then
   */
  async landPack(seq: number, members: readonly PackMember[], source = 'files', stream: string | null = null): Promise<LedgerLine> {
    const entries = packEntries(members);
    const index = packIndexText(entries);
    const bytes = members.map((member) => member.bytes);
    await Promise.all([writeWhole(this.path(seq, 'pack'), bytes), writeWhole(this.path(seq, 'index'), [index])]);
    syncDirectory(this.batchesFolder);
    const [line] = this.#append([seq], [
      {
        ...this.#line(source, 'trail_objects', members[0]?.origin ?? ''),
        stream,
        members: members.length,
        bytes: bytes.reduce((sum, part) => sum + part.length, 0),
        sha256: hashOf(bytes),
        index_sha256: hash('sha256', index, 'hex'),
      },
    ]);
    this.#digests.add(seq, members.map((member) => member.sha256));
    if (!line) throw new Error('a pack has one line');
    return line;
  }

  /** Lands batches whole, one file each, under reserved sequences; one sync of the ledger for all of them. */
  async landFiles(seqs: readonly number[], deliveries: readonly Delivery[]): Promise<LedgerLine[]> {
    await Promise.all(deliveries.map((delivery, index) => writeWhole(this.path(seqs[index] ?? 0, 'batch'), [delivery.bytes])));
    syncDirectory(this.batchesFolder);
    const digests = deliveries.map((delivery) => delivery.sha256 ?? hash('sha256', delivery.bytes, 'buffer'));
    const lines = this.#append(
      seqs,
      deliveries.map((delivery, index) => ({
        ...this.#line(delivery.source, delivery.form, delivery.origin),
        first_event_at: delivery.firstEventAt ?? null,
        last_event_at: delivery.lastEventAt ?? null,
        records: delivery.records ?? null,
        bytes: delivery.bytes.length,
        sha256: digests[index]?.toString('hex') ?? '',
        content_sha256: delivery.contentSha256?.toString('hex') ?? null,
        stream: delivery.stream ?? null,
        tenant_id: delivery.tenantId ?? null,
        metadata: delivery.metadata ?? null,
      })),
    );
    lines.forEach((line) => {
      if (line.form === 'identity_registry') this.#noteRegistry(line);
      else this.#addDigests(line);
    });
    return lines;
  }

  /** Lands one batch of logs. The same bytes delivered again give the line's place of the first time and `isNew` false. */
  async land(delivery: Delivery & { readonly form: 'file' }): Promise<LandedAt & { readonly isNew: boolean }> {
    const sha256 = delivery.sha256 ?? hash('sha256', delivery.bytes, 'buffer');
    const before = this.find(sha256);
    if (before) return { ...before, isNew: false };
    const [seq = 0] = this.reserve(1);
    await this.landFiles([seq], [{ ...delivery, sha256 }]);
    return { batchSeq: seq, member: 0, isNew: true };
  }

  /** What is wrong with the chains of landing's logs, one sentence a fault. */
  *faults(): Generator<string> {
    for (const fault of this.#ledger.faults()) yield `ledger.jsonl, ${fault}`;
    for (const fault of this.pulls.faults()) yield `pulls.jsonl, ${fault}`;
    for (const name of OTHER_LOGS) for (const fault of chainFaults(join(this.folder, name))) yield `${name}, ${fault}`;
  }

  close(): void {
    this.#ledger.close();
    this.pulls.close();
    this.#digests.close();
  }

  #line(source: string, form: BatchForm, origin: string): Omit<LedgerLine, keyof ChainedLine> {
    return {
      landed_at: this.#now().toISOString(),
      source,
      form,
      origin,
      first_event_at: null,
      last_event_at: null,
      records: null,
      members: 1,
      bytes: 0,
      sha256: '',
      content_sha256: null,
      index_sha256: null,
      stream: null,
      tenant_id: null,
      metadata: null,
    };
  }

  #append(seqs: readonly number[], lines: readonly Omit<LedgerLine, keyof ChainedLine>[]): LedgerLine[] {
    if (seqs[0] !== this.#ledger.lastSeq + 1) throw new Error(`batch ${seqs[0]} lands after batch ${this.#ledger.lastSeq}`);
    return this.#ledger.append(lines);
  }

  #noteRegistry(line: LedgerLine): void {
    if (line.form === 'identity_registry') this.#newestRegistry = { at: { batchSeq: line.seq, member: 0 }, sha256: line.sha256 };
  }

  #addDigests(line: LedgerLine): void {
    if (line.form === 'trail_objects') {
      this.#digests.add(line.seq, this.packIndex(line).map((entry) => Buffer.from(entry.delivered_sha256 ?? entry.sha256, 'hex')));
      return;
    }
    const known = line.content_sha256 === null ? [line.sha256] : [line.sha256, line.content_sha256];
    this.#digests.add(line.seq, known.map((sha256) => Buffer.from(sha256, 'hex')), true);
  }

  /** Files above the last line were never acknowledged: their source delivers them again. */
  #removeOrphans(): string[] {
    const names = readdirSync(this.batchesFolder).filter((name) => name.endsWith('.tmp') || Number.parseInt(name, 10) > this.#ledger.lastSeq);
    for (const name of names) rmSync(join(this.batchesFolder, name));
    if (names.length === 0) return [];
    syncDirectory(this.batchesFolder);
    return [`landing/batches: removed ${names.length} file(s) that a stopped run had not finished landing; ingest them again`];
  }
}

/** Opens or makes `<dataDir>/landing`. */
export function openLanding(dataDir: string, options: LandingOptions = {}): Landing {
  return Landing.open(dataDir, options);
}

function hashOf(parts: readonly Buffer[]): string {
  return parts.length === 1 ? hash('sha256', parts[0] ?? '', 'hex') : hash('sha256', Buffer.concat(parts), 'hex');
}

function tornLine(log: ChainLog<ChainedLine>, name: string): string[] {
  return log.repair ? [`landing/${name}: dropped ${log.repair.droppedBytes} bytes of a last line that a stopped run had not finished`] : [];
}

