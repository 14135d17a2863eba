/**
 * The files through which raw records reach DuckDB: lines of JSON in the data folder's `tmp`, read once and overwritten.
 *
 * Handing 100 MB over in an uncompressed file is three times faster than letting DuckDB unpack gzip, and we have to unpack
 * every member anyway to check it. Overwriting in place costs a third of writing anew: the kernel keeps the pages.
 * What is in them may hold session tokens, so they are deleted at the end, and at the next start after a crash.
 */
import { closeSync, ftruncateSync, openSync, rmSync, writeSync, writevSync } from 'node:fs';
import { FILE_MODE } from '../landing/private-files.ts';

const LINE_BREAK = Buffer.from('\n');
/** DuckDB shares a file out in buffers of twice this; small ones let both threads work, but each line must fit. */
const LEAST_OBJECT_SIZE = 2 * 1024 * 1024;

/** One such file. Write lines, `end`, let DuckDB read it, `begin` again. */
export class StageFile {
  readonly path: string;
  readonly #fd: number;
  #bytes = 0;
  #longest = 0;
  #lines = 0;

  constructor(path: string) {
    this.path = path;
    this.#fd = openSync(path, 'w', FILE_MODE);
  }

  get bytes(): number {
    return this.#bytes;
  }

  get lines(): number {
    return this.#lines;
  }

  /** What `maximum_object_size` has to be: the longest line fits. */
  get objectSize(): number {
    return Math.max(LEAST_OBJECT_SIZE, this.#longest + 1024);
  }

  begin(): void {
    this.#bytes = 0;
    this.#longest = 0;
    this.#lines = 0;
  }

  /** Appends one line, of parts that hold no line break. */
  line(...parts: readonly Buffer[]): void {
    const length = parts.reduce((sum, part) => sum + part.length, 1);
    const written = writevSync(this.#fd, [...parts, LINE_BREAK], this.#bytes);
    if (written !== length) writeRest(this.#fd, Buffer.concat([...parts, LINE_BREAK]), written, this.#bytes);
    this.#bytes += length;
    this.#longest = Math.max(this.#longest, length);
    this.#lines += 1;
  }

  /** Cuts off what an earlier, longer use left behind. */
  end(): void {
    ftruncateSync(this.#fd, this.#bytes);
  }

  remove(): void {
    closeSync(this.#fd);
    rmSync(this.path, { force: true });
  }
}

function writeRest(fd: number, bytes: Buffer, from: number, position: number): void {
  for (let at = from; at < bytes.length; ) at += writeSync(fd, bytes, at, bytes.length - at, position + at);
}
