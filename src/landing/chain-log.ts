/**
 * An append-only file of JSON lines, each of which holds the SHA-256 of the line before: a line that is changed, dropped or
 * put in between shows. Landing's ledger and journal are such files.
 */
import { hash } from 'node:crypto';
import { closeSync, existsSync, fsyncSync, ftruncateSync, openSync, readSync, fstatSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { EXIT, WhoranError } from '../core/errors.ts';
import { FILE_MODE, syncDirectory } from './private-files.ts';

/** What every line has beside its own fields. `previous_sha256` is null in the first line. */
export interface ChainedLine {
  /** Counts from 1 without gaps. */
  readonly seq: number;
  /** Lower-case hex SHA-256 of the bytes of the line before, without its line break. */
  readonly previous_sha256: string | null;
}

export interface ChainRepair {
  /** Bytes of a last line that a crash cut off; they were never acknowledged, and are dropped. */
  readonly droppedBytes: number;
}

const NEWLINE = 0x0a;
/** Lines are a few hundred bytes; the tail that holds the last one is read in steps of this. */
const TAIL_BYTES = 64 * 1024;

/**
 * The whole lines of a chain with a sequence above `after`, oldest first; none where there is no file. Safe while another
 * process appends. `fromByte`: where a line begins that nothing before is wanted of. Doesn't check the chain: `ChainLog.faults` does.
 * @throws WhoranError at what is no line of a chain
 */
export function* chainLines<Line extends ChainedLine>(path: string, after = 0, fromByte = 0): Generator<Line> {
  if (!existsSync(path)) return;
  const fd = openSync(path, 'r');
  try {
    for (const text of linesOf(fd, fstatSync(fd).size, fromByte)) {
      // Every line begins with its sequence: those that aren't wanted needn't be parsed.
      const seq = Number(/^\{"seq":(\d+),/.exec(text.toString('latin1', 0, 32))?.[1] ?? Infinity);
      if (seq <= after) continue;
      const line = parseLine(text);
      if (!line) throw damaged(path, 'a line');
      yield line as Line;
    }
  } finally {
    closeSync(fd);
  }
}

/** The bytes of a chained log's first lines, without their line breaks, as they stand. `last`: how many. */
export function* chainTexts(path: string, last: number): Generator<Buffer> {
  if (!existsSync(path)) return;
  const fd = openSync(path, 'r');
  try {
    let at = 0;
    for (const text of linesOf(fd, fstatSync(fd).size)) {
      at += 1;
      if (at > last) return;
      yield text;
    }
  } finally {
    closeSync(fd);
  }
}

/** An open chain to append to. One process at a time (the data folder's lock sees to that). */
export class ChainLog<Line extends ChainedLine> {
  readonly path: string;
  readonly repair: ChainRepair | undefined;
  #fd: number;
  #bytes: number;
  #lastSeq: number;
  #lastSha256: string | null;

  private constructor(path: string, fd: number, end: ChainEnd) {
    this.path = path;
    this.#fd = fd;
    this.#bytes = end.bytes;
    this.#lastSeq = end.seq;
    this.#lastSha256 = end.sha256;
    this.repair = end.droppedBytes > 0 ? { droppedBytes: end.droppedBytes } : undefined;
  }

  /**
   * Opens or makes the file, and cuts off a torn last line.
   * @throws WhoranError where the last whole line is no line of a chain: that is damage, not a crash.
   */
  static open<Line extends ChainedLine>(path: string): ChainLog<Line> {
    const isNew = !existsSync(path);
    const fd = openSync(path, 'a+', FILE_MODE);
    if (isNew) syncDirectory(dirname(path));
    const end = findEnd(fd, path);
    if (end.droppedBytes > 0) {
      ftruncateSync(fd, end.bytes);
      fsyncSync(fd);
    }
    return new ChainLog<Line>(path, fd, end);
  }

  /** Sequence of the last line; 0 when there is none. */
  get lastSeq(): number {
    return this.#lastSeq;
  }

  /** Appends lines and syncs them with one call: after it returns they are on disk. Returns them with seq and chain. */
  append(entries: readonly Omit<Line, keyof ChainedLine>[]): Line[] {
    const lines: Line[] = [];
    const texts: string[] = [];
    let seq = this.#lastSeq;
    let previous = this.#lastSha256;
    for (const entry of entries) {
      seq += 1;
      const line = { seq, ...entry, previous_sha256: previous } as unknown as Line;
      const text = JSON.stringify(line);
      previous = hash('sha256', text, 'hex');
      lines.push(line);
      texts.push(text + '\n');
    }
    const bytes = Buffer.from(texts.join(''));
    writeAll(this.#fd, bytes);
    fsyncSync(this.#fd);
    this.#bytes += bytes.length;
    this.#lastSeq = seq;
    this.#lastSha256 = previous;
    return lines;
  }

  /** What is wrong with the chain, one sentence a fault; empty when every line follows from the one before. */
  *faults(): Generator<string> {
    const { size } = fstatSync(this.#fd);
    if (size < this.#bytes) yield `is ${size} bytes long, and was ${this.#bytes}`;
    yield* faultsOf(this.#fd, Math.min(size, this.#bytes));
  }

  close(): void {
    closeSync(this.#fd);
  }
}

/** As `ChainLog.faults`, of a file that another process may be appending to; none where there is no file. */
export function* chainFaults(path: string): Generator<string> {
  if (!existsSync(path)) return;
  const fd = openSync(path, 'r');
  try {
    yield* faultsOf(fd, fstatSync(fd).size);
  } finally {
    closeSync(fd);
  }
}

/**
 * The sequence of the last line that ends with its line break: what follows is still being written, or was cut off by a crash, and does not
 * count yet, however whole it looks. 0 where there is no such line or no file. A file whose last line is damaged has no such bound, since
 * its faults are told elsewhere: the greatest sequence there can be.
 */
export function lastWholeSeq(path: string): number {
  if (!existsSync(path)) return 0;
  const fd = openSync(path, 'r');
  try {
    return findEnd(fd, path).seq;
  } catch (error) {
    if (error instanceof WhoranError) return Number.MAX_SAFE_INTEGER;
    throw error;
  } finally {
    closeSync(fd);
  }
}

/** A chained log as far as its lines are whole. */
export interface WholePart {
  readonly bytes: number;
  /** Sequence of the last line; 0 where there is none. */
  readonly seq: number;
  /** SHA-256 of the last line, lower-case hex; null where there is none. */
  readonly sha256: string | null;
}

/**
 * How far a log is whole: what follows is still being written, or was cut off by a crash. Safe while another process appends. Nothing where there is no file.
 * @throws WhoranError where the last whole line is no line of a chain
 */
export function wholePart(path: string): WholePart {
  if (!existsSync(path)) return { bytes: 0, seq: 0, sha256: null };
  const fd = openSync(path, 'r');
  try {
    const { bytes, seq, sha256 } = findEnd(fd, path);
    return { bytes, seq, sha256 };
  } finally {
    closeSync(fd);
  }
}

/** Lower-case hex SHA-256 of one line of a chained log, counted from 1, without its line break; null where it has none of that number. */
export function chainLineHash(path: string, number: number): string | null {
  if (!existsSync(path)) return null;
  const fd = openSync(path, 'r');
  try {
    let at = 0;
    for (const text of linesOf(fd, fstatSync(fd).size)) {
      at += 1;
      if (at === number) return hash('sha256', text, 'hex');
    }
    return null;
  } finally {
    closeSync(fd);
  }
}

function* faultsOf(fd: number, size: number): Generator<string> {
  let seq = 0;
  let previous: string | null = null;
  for (const text of linesOf(fd, size)) {
    seq += 1;
    const line = parseLine(text);
    if (!line) yield `line ${seq}: is not a line of this file`;
    else if (line.seq !== seq) yield `line ${seq}: has sequence ${line.seq}`;
    else if (line.previous_sha256 !== previous) yield `line ${seq}: does not follow from the line before`;
    previous = hash('sha256', text, 'hex');
  }
}

interface ChainEnd {
  readonly bytes: number;
  readonly seq: number;
  readonly sha256: string | null;
  readonly droppedBytes: number;
}

function parseLine(text: Buffer): ChainedLine | undefined {
  try {
    const line = JSON.parse(text.toString('utf8')) as unknown;
    if (typeof line === 'object' && line !== null && 'seq' in line && typeof line.seq === 'number') return line as ChainedLine;
  } catch {
    // No JSON: no line.
  }
  return undefined;
}

function damaged(path: string, what: string): WhoranError {
  return new WhoranError(`${path}: ${what} is damaged`, {
    exitCode: EXIT.wrongUse,
    hint: 'This file is only ever appended to. Restore it from a backup; landed batches themselves are untouched.',
  });
}

/** Reads backwards from the end until the last whole line is in hand. */
function findEnd(fd: number, path: string): ChainEnd {
  const size = fstatSync(fd).size;
  for (let want = Math.min(size, TAIL_BYTES); ; want = Math.min(size, want * 2)) {
    const tail = Buffer.alloc(want);
    readAll(fd, tail, size - want);
    const end = tail.lastIndexOf(NEWLINE);
    const start = end <= 0 ? -1 : tail.lastIndexOf(NEWLINE, end - 1);
    if (want < size && (end === -1 || start === -1)) continue;
    if (end === -1) return { bytes: 0, seq: 0, sha256: null, droppedBytes: size };
    const text = tail.subarray(start + 1, end);
    const line = parseLine(text);
    if (!line) throw damaged(path, 'the last line');
    return { bytes: size - want + end + 1, seq: line.seq, sha256: hash('sha256', text, 'hex'), droppedBytes: want - end - 1 };
  }
}

function* linesOf(fd: number, size: number, fromByte = 0): Generator<Buffer> {
  let rest = Buffer.alloc(0);
  for (let at = fromByte; at < size; ) {
    const piece = Buffer.alloc(Math.min(1024 * 1024, size - at));
    readAll(fd, piece, at);
    at += piece.length;
    const bytes = rest.length ? Buffer.concat([rest, piece]) : piece;
    let start = 0;
    for (let end = bytes.indexOf(NEWLINE); end !== -1; end = bytes.indexOf(NEWLINE, start)) {
      yield bytes.subarray(start, end);
      start = end + 1;
    }
    rest = bytes.subarray(start);
  }
}

function readAll(fd: number, into: Buffer, position: number): void {
  for (let at = 0; at < into.length; ) {
    const read = readSync(fd, into, at, into.length - at, position + at);
    if (read === 0) throw new Error('the file became shorter while it was read');
    at += read;
  }
}

function writeAll(fd: number, bytes: Buffer): void {
  for (let at = 0; at < bytes.length; ) at += writeSync(fd, bytes, at);
}
