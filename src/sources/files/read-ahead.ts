/**
 * Files read whole and in order, some ahead of the one at hand.
 */
import { open } from 'node:fs/promises';
import { identityOf, type FoundFile } from './seen-files.ts';
import { codeOf, foundFile } from './walk.ts';

/** A step is closed before it passes this, as a pack is; no more is read ahead either. */
export const STEP_BYTES = 8 * 1024 * 1024;
/** Nor does it hold more files than this: each is landed in a file of its own, all of a step at once. */
export const STEP_FILES = 500;
/** So many are read at a time: small files are mostly waiting. */
const AHEAD_FILES = 16;
/** The reason where somebody wrote to a file while it was read. */
export const CHANGED = 'changed while it was read';

/** A file's bytes, or why there are none: the system's code, or `CHANGED`. */
export type ReadFile = { readonly file: FoundFile; readonly bytes: Buffer } | { readonly file: FoundFile; readonly reason: string };

/** Reads in order, some ahead; no more bytes ahead than a step, beside the file at hand. */
export async function* readAhead(found: readonly FoundFile[], signal: AbortSignal): AsyncGenerator<ReadFile> {
  const ahead: { readonly bytes: number; readonly read: Promise<ReadFile> }[] = [];
  let bytesAhead = 0;
  let next = 0;
  const fill = (): void => {
    for (; next < found.length && ahead.length < AHEAD_FILES && (ahead.length === 0 || bytesAhead < STEP_BYTES); next += 1) {
      const file = found[next];
      if (!file) return;
      bytesAhead += file.bytes;
      ahead.push({ bytes: file.bytes, read: readWhole(file).catch((error: unknown) => ({ file, reason: codeOf(error) })) });
    }
  };
  fill();
  for (let first = ahead.shift(); first; first = ahead.shift()) {
    const read = await first.read;
    signal.throwIfAborted();
    bytesAhead -= first.bytes;
    fill();
    yield read;
  }
}

/** A file's bytes, if it is the same before and after they were read as when it was found. */
async function readWhole(file: FoundFile): Promise<ReadFile> {
  const handle = await open(file.path, 'r');
  try {
    const bytes = Buffer.allocUnsafe(file.bytes);
    let length = 0;
    while (length < bytes.length) {
      const { bytesRead } = await handle.read(bytes, length, bytes.length - length, length);
      if (bytesRead === 0) break;
      length += bytesRead;
    }
    const after = foundFile(file.path, await handle.stat({ bigint: true }));
    return length === file.bytes && identityOf(after) === identityOf(file) ? { file, bytes } : { file, reason: CHANGED };
  } finally {
    await handle.close();
  }
}
