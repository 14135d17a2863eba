/**
 * Ingest: log files are landed byte for byte and staged.
 */
import { hash } from 'node:crypto';
import type { LandedAt } from '../landing/digest-index.ts';
import { datedContent } from '../landing/framing/graph-page.ts';
import { isGzip } from '../landing/gunzip.ts';
import type { Delivery } from '../landing/landing.ts';
import { PACK_BYTES, type PackMember } from '../landing/pack.ts';
import type { Writer } from '../store/writer.ts';
import { findFiles, readFiles, type FileRead, type UnreadableFile } from './ingest-files.ts';
import { countIngest, type IngestResult, type RepeatedFile } from './ingest-result.ts';
import { FULL_OBJECT_FILE_BYTES, plainTrailObject, stage } from './stage.ts';
import { StagePipeline, type ObjectFile } from './stage-pipeline.ts';

/** Files that are no trail objects are landed in groups: one sync of the ledger for each. */
const GROUP_FILES = 64;
const GROUP_BYTES = 16 * 1024 * 1024;

export interface IngestProgress {
  readonly files: number;
  readonly bytes: number;
  readonly totalFiles: number;
  readonly totalBytes: number;
}

export interface IngestOptions {
  /** Told after each file. */
  readonly progress?: (progress: IngestProgress) => void;
  /** The files are identity registries (`identities import`), not logs. */
  readonly isRegistry?: boolean;
}

/**
 * Lands and stages log files and folders of them; first whatever a stopped run had landed and not staged. Shows when the
 * writer publishes. Files that can't be read are named in the result, the others go in.
 * @throws where landing can't be written
 */
export async function ingest(writer: Writer, paths: readonly string[], options: IngestOptions = {}): Promise<IngestResult> {
  const repairs = [...writer.repairs];
  const left = writer.landing.lastSeq - writer.stagedThrough;
  await stage(writer);
  if (left > 0) repairs.push(`staged ${left} batch(es) that a stopped run had landed`);
  const found = await findFiles(paths, writer.dataDir);
  const unreadable: UnreadableFile[] = [...found.unreadable];
  const after = writer.landing.lastSeq;
  const run = new IngestRun(writer, options.isRegistry ?? false, await StagePipeline.begin(writer));
  const totals = { totalFiles: found.files.length, totalBytes: found.files.reduce((sum, file) => sum + file.bytes, 0) };
  let files = 0;
  let bytes = 0;
  try {
    for await (const file of readFiles(found.files, (bad) => unreadable.push(bad))) {
      await run.add(file);
      files += 1;
      bytes += file.bytes.length;
      options.progress?.({ files, bytes, ...totals });
    }
    await run.finish();
  } finally {
    await run.end();
  }
  return countIngest(writer.db, after, run.repeated, { files, unreadable, repairs });
}

/** A pack that is being filled. */
interface OpenPack {
  readonly seq: number;
  readonly members: PackMember[];
  bytes: number;
}

/** Where a file's bytes lie; the sequence of a file in a group is known when the group is landed. */
interface Place {
  at?: LandedAt;
}

/** Lands files as they come: trail objects in packs, the others in groups; stages each as soon as it has a sequence. */
class IngestRun {
  readonly #writer: Writer;
  readonly #isRegistry: boolean;
  readonly #pipeline: StagePipeline;
  /** Files whose bytes were landed before, in this run or an earlier one. */
  readonly #repeated: { origin: string; place: Place }[] = [];
  readonly #here = new Map<string, Place>();
  #pack: OpenPack | undefined;
  /** Objects of this pack, and of those before that found the database busy. */
  #objects: ObjectFile | undefined;
  #group: { delivery: Delivery; place: Place }[] = [];
  #groupBytes = 0;
  /** Batches are landed one after another, while the next is being filled. */
  #landing: Promise<unknown> = Promise.resolve();

  constructor(writer: Writer, isRegistry: boolean, pipeline: StagePipeline) {
    this.#writer = writer;
    this.#isRegistry = isRegistry;
    this.#pipeline = pipeline;
  }

  get repeated(): RepeatedFile[] {
    return this.#repeated.flatMap(({ origin, place }) => (place.at ? [{ origin, at: place.at }] : []));
  }

  async add(file: FileRead): Promise<void> {
    const sha256 = hash('sha256', file.bytes, 'buffer');
    const content = this.#isRegistry ? undefined : datedContent(file.bytes, file.path);
    const contentSha256 = content && hash('sha256', content, 'buffer');
    const known = this.#known(contentSha256 ?? sha256);
    if (known) {
      this.#repeated.push({ origin: file.path, place: known });
      return;
    }
    const place: Place = {};
    // A registry replaces the ones before it, so only the last one makes the same bytes a repeat.
    if (this.#isRegistry) this.#here.clear();
    this.#here.set((contentSha256 ?? sha256).toString('latin1'), place);
    const form = this.#isRegistry ? ('identity_registry' as const) : ('file' as const);
    const raw = isGzip(file.bytes) && !contentSha256 ? plainTrailObject({ form, bytes: file.bytes }, file.raw) : undefined;
    if (raw) await this.#addToPack(file, sha256, raw, place);
    else await this.#addToGroup({ source: 'files', form, origin: file.path, bytes: file.bytes, sha256, ...(contentSha256 ? { contentSha256 } : {}) }, place);
  }

  /** Where the same bytes lie, landed in this run or an earlier one. */
  #known(sha256: Buffer): Place | undefined {
    const here = this.#here.get(sha256.toString('latin1'));
    if (here || (this.#isRegistry && this.#here.size > 0)) return here;
    const { landing } = this.#writer;
    if (!this.#isRegistry) {
      const at = landing.find(sha256);
      return at && { at };
    }
    const newest = landing.newestRegistry;
    return newest?.sha256 === sha256.toString('hex') ? { at: newest.at } : undefined;
  }

  /** Lands and stages what is left. */
  async finish(): Promise<void> {
    await this.#closePack();
    this.#submitObjects();
    await this.#closeGroup();
    await this.#landing;
    await this.#pipeline.finish(this.#writer.landing.lastSeq);
  }

  async end(): Promise<void> {
    await this.#landing.catch(() => undefined);
    await this.#pipeline.end();
  }

  async #addToPack(file: FileRead, sha256: Buffer, raw: Buffer, place: Place): Promise<void> {
    if (this.#pack && this.#pack.bytes + file.bytes.length > PACK_BYTES) await this.#closePack();
    if (!this.#pack) {
      await this.#closeGroup();
      const [seq = 0] = this.#writer.landing.reserve(1);
      this.#pack = { seq, members: [], bytes: 0 };
    }
    this.#objects ??= await this.#pipeline.objectFile();
    const pack = this.#pack;
    const member = pack.members.length;
    place.at = { batchSeq: pack.seq, member };
    pack.members.push({ bytes: file.bytes, origin: file.path, sha256, rawBytes: raw.length });
    pack.bytes += file.bytes.length;
    this.#pipeline.addObject(
      this.#objects,
      { batchSeq: pack.seq, member, origin: file.path, form: 'trail_objects', bytes: file.bytes, retrievedAt: null, tenantId: null },
      raw,
    );
    if (this.#objects.file.bytes >= FULL_OBJECT_FILE_BYTES) this.#submitObjects();
  }

  #submitObjects(): void {
    if (this.#objects) this.#pipeline.submit(this.#objects);
    this.#objects = undefined;
  }

  async #closePack(): Promise<void> {
    const pack = this.#pack;
    if (!pack) return;
    this.#pack = undefined;
    await this.#landing;
    this.#landing = guarded(this.#writer.landing.landPack(pack.seq, pack.members));
    // Fewer, larger files are staged faster, but an idle database is fed at once.
    if (!this.#pipeline.isBusy) this.#submitObjects();
  }

  async #addToGroup(delivery: Delivery, place: Place): Promise<void> {
    this.#group.push({ delivery, place });
    this.#groupBytes += delivery.bytes.length;
    if (this.#group.length < GROUP_FILES && this.#groupBytes < GROUP_BYTES) return;
    await this.#closePack();
    await this.#closeGroup();
  }

  async #closeGroup(): Promise<void> {
    const group = this.#group;
    if (group.length === 0) return;
    this.#group = [];
    this.#groupBytes = 0;
    await this.#landing;
    const seqs = this.#writer.landing.reserve(group.length);
    this.#landing = guarded(this.#writer.landing.landFiles(seqs, group.map(({ delivery }) => delivery)));
    for (const [index, { delivery, place }] of group.entries()) {
      const batchSeq = seqs[index] ?? 0;
      place.at = { batchSeq, member: 0 };
      const staged = { batchSeq, member: 0, origin: delivery.origin, form: delivery.form, bytes: delivery.bytes, retrievedAt: null, tenantId: null };
      const raw = plainTrailObject(staged);
      if (!raw) {
        await this.#pipeline.frame(staged);
        continue;
      }
      const objects = await this.#pipeline.objectFile();
      this.#pipeline.addObject(objects, staged, raw);
      this.#pipeline.submit(objects);
    }
  }
}

/** A rejection is met where the promise is awaited, later; until then it isn't an unhandled one. */
function guarded<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => undefined);
  return promise;
}
