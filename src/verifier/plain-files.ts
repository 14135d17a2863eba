/**
 * Files of which nothing but length and hash is checked. Two threads share them: each takes the next one as long as it has nothing else to do.
 */
import { join } from 'node:path';
import { Unreadable, type Fault } from './faults.ts';
import { readOnce, type Read } from './lines.ts';

/** What is to be read; may go to another thread. */
export interface PlainFiles {
  readonly folder: string;
  /** Paths inside the bundle. */
  readonly paths: readonly string[];
  /** How many of them somebody has taken: one number that all threads see. */
  readonly taken: Int32Array<SharedArrayBuffer>;
}

/** One file as it was found, or why it could not be read. */
export interface PlainRead {
  readonly path: string;
  readonly found: Read | Fault;
}

export function plainFiles(folder: string, paths: readonly string[]): PlainFiles {
  return { folder, paths, taken: new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT)) };
}

/** Reads files until none is left that nobody has taken. @param onFile is told each path before it is read */
export function readPlainFiles({ folder, paths, taken }: PlainFiles, onFile?: (path: string) => void): PlainRead[] {
  const reads: PlainRead[] = [];
  for (let path = paths[Atomics.add(taken, 0, 1)]; path !== undefined; path = paths[Atomics.add(taken, 0, 1)]) {
    onFile?.(path);
    reads.push({ path, found: readOf(folder, path) });
  }
  return reads;
}

function readOf(folder: string, path: string): Read | Fault {
  try {
    return readOnce(join(folder, path), path);
  } catch (error) {
    if (error instanceof Unreadable) return { file: error.file, expected: error.expected, found: error.found };
    throw error;
  }
}
