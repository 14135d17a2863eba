/**
 * Staging while more is being read: one thread of ours unpacks and frames the next file as DuckDB works on the last.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { accountOfPath } from '../landing/framing/account-of-path.ts';
import { isTrailObject } from '../landing/framing.ts';
import type { Writer } from '../store/writer.ts';
import { FrameWriter, type FramedDelivery } from './stage-frames.ts';
import { StageFile } from './stage-file.ts';
import type { StagedMember } from './stage-member.ts';
import { StageRun } from './stage-run.ts';

const OPEN_BRACE = 0x7b;
const NEWLINE = 0x0a;
/** Larger objects are framed: DuckDB needs several buffers of the longest line's length. */
const LARGEST_OBJECT = 128 * 1024 * 1024;

/** A file of trail objects that is being filled, and what it holds. */
export interface ObjectFile {
  readonly file: StageFile;
  readonly members: FramedDelivery[];
}

/**
 * Whether an unpacked file can be read as it stands, as one line of a file of trail objects: it begins like one and has no
 * line break but at its end.
 */
export function isPlainTrailObject(raw: Buffer): boolean {
  if (raw.length > LARGEST_OBJECT || !isTrailObject(raw)) return false;
  const at = raw.indexOf(NEWLINE);
  return at === -1 || raw.subarray(at).toString('latin1').trim() === '';
}

/** Feeds a `StageRun`. Everything that is handed in is staged when `finish` resolves. */
export class StagePipeline {
  readonly #run: StageRun;
  readonly #frames: FrameWriter;
  readonly #free: StageFile[];
  #work: Promise<void> = Promise.resolve();
  #jobs = 0;
  #failure: unknown;
  #doubtful: FramedDelivery[] = [];
  #waiters: (() => void)[] = [];

  private constructor(run: StageRun, folder: string) {
    this.#run = run;
    this.#frames = new FrameWriter(new StageFile(join(folder, 'frames.ndjson')));
    this.#free = ['objects-0.ndjson', 'objects-1.ndjson'].map((name) => new StageFile(join(folder, name)));
  }

  static async begin(writer: Writer): Promise<StagePipeline> {
    return new StagePipeline(await StageRun.begin(writer), writer.temporaryFolder);
  }

  /** Whether the database still works on what was handed in before. */
  get isBusy(): boolean {
    return this.#jobs > 0;
  }

  /** A file to put trail objects into; waits until DuckDB is done with one. */
  async objectFile(): Promise<ObjectFile> {
    await this.#frameDoubtful();
    // A job that failed gives no file back: waiting for one would never end.
    while (this.#free.length === 0) {
      this.#check();
      await new Promise<void>((resolve) => this.#waiters.push(resolve));
    }
    this.#check();
    const file = this.#free.shift();
    if (!file) throw new Error('no file is free');
    file.begin();
    return { file, members: [] };
  }

  /** Puts one unpacked object in; `isPlainTrailObject(raw)` holds. */
  addObject(objects: ObjectFile, delivery: FramedDelivery, raw: Buffer): void {
    const account = accountOfPath(delivery.origin);
    const head = `{"b":${delivery.batchSeq},"m":${delivery.member},"a":${account === undefined ? 'null' : `"${account}"`},`;
    const end = raw.indexOf(NEWLINE);
    objects.file.line(Buffer.from(head), raw.subarray(raw.indexOf(OPEN_BRACE) + 1, end === -1 ? raw.length : end));
    objects.members.push(delivery);
  }

  /** Lets DuckDB stage the file; doesn't wait for it. */
  submit(objects: ObjectFile): void {
    this.#enqueue(async () => {
      this.#run.members(objects.members);
      if (objects.file.lines > 0) {
        const doubtful = new Set(await this.#run.objects(objects.file, objects.members));
        this.#doubtful.push(...objects.members.filter((member) => doubtful.has(member)));
      }
      this.#free.push(objects.file);
    });
  }

  /** Frames a delivery record by record. */
  async frame(delivery: FramedDelivery): Promise<void> {
    this.#run.members([delivery]);
    await this.#frameKnown(delivery);
  }

  /** Waits for everything and writes it; afterwards every batch up to `throughSeq` is staged in the writer's copy. */
  async finish(throughSeq: number): Promise<void> {
    await this.#work;
    await this.#frameDoubtful();
    await this.#stageFrames();
    this.#check();
    await this.#run.finish(throughSeq);
  }

  /** Deletes the files. Call it whatever happened. */
  async end(): Promise<void> {
    await this.#work;
    for (const file of [...this.#free, this.#frames.file]) file.remove();
  }

  async #frameDoubtful(): Promise<void> {
    const doubtful = this.#doubtful;
    this.#doubtful = [];
    for (const delivery of doubtful) await this.#frameKnown(delivery);
  }

  async #frameKnown(delivery: FramedDelivery): Promise<void> {
    for (const _ of this.#frames.write(delivery)) await this.#stageFrames();
  }

  async #stageFrames(): Promise<void> {
    if (this.#frames.isEmpty) return;
    this.#enqueue(async () => {
      await this.#run.outcomes(this.#frames.takeOutcomes());
      await this.#stageLines(this.#frames.file);
    });
    await this.#work;
    this.#check();
    this.#frames.file.begin();
  }

  async #stageLines(file: StageFile): Promise<void> {
    if (file.lines === 0) return;
    if (await this.#run.load(file)) {
      await this.#run.framed();
      return;
    }
    // Framing lets only JSON through that DuckDB reads; should they ever disagree, the line at fault is found by halves.
    file.end();
    await this.#stageHalves(file, splitLines(readFileSync(file.path)));
  }

  async #stageHalves(file: StageFile, lines: readonly Buffer[]): Promise<void> {
    file.begin();
    for (const line of lines) file.line(line);
    if (await this.#run.load(file)) {
      await this.#run.framed();
    } else if (lines.length === 1) {
      await this.#run.outcomes([unreadable(lines[0] ?? Buffer.alloc(0))]);
    } else {
      const middle = Math.ceil(lines.length / 2);
      await this.#stageHalves(file, lines.slice(0, middle));
      await this.#stageHalves(file, lines.slice(middle));
    }
  }

  #enqueue(job: () => Promise<void>): void {
    this.#jobs += 1;
    this.#work = this.#work
      .then(async () => {
        if (this.#failure === undefined) await job();
      })
      .catch((error: unknown) => {
        this.#failure ??= error;
      })
      .then(() => {
        this.#jobs -= 1;
        const waiters = this.#waiters;
        this.#waiters = [];
        for (const wake of waiters) wake();
      });
  }

  #check(): void {
    if (this.#failure !== undefined) throw this.#failure instanceof Error ? this.#failure : new Error('staging failed');
  }
}

function splitLines(bytes: Buffer): Buffer[] {
  const lines: Buffer[] = [];
  let start = 0;
  for (let end = bytes.indexOf(NEWLINE); end !== -1; end = bytes.indexOf(NEWLINE, start)) {
    lines.push(bytes.subarray(start, end));
    start = end + 1;
  }
  return lines;
}

/** What a line of `frameLine` is, from its head. */
function unreadable(line: Buffer): { batchSeq: number; member: number; form: string; recordNumber: number; reason: string } {
  const head = /^\{"form":"(\w+)","b":(\d+),"m":(\d+),"n":(\d+),/.exec(line.toString('latin1', 0, 200));
  return {
    batchSeq: Number(head?.[2] ?? 0),
    member: Number(head?.[3] ?? 0),
    form: head?.[1] ?? 'unknown',
    recordNumber: Number(head?.[4] ?? 0),
    reason: 'record: expected JSON that the database reads, found JSON that it refuses',
  };
}

export type { StagedMember };
