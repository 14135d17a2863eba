/**
 * Files of lines, larger than memory: written no faster than the disk takes them, read a piece at a time.
 */
import { once } from 'node:events';
import { createReadStream, createWriteStream } from 'node:fs';
import { finished } from 'node:stream/promises';

const PIECE = 1 << 18;

/** Writes lines to a new file, or to the end of one that is there. @returns how many */
export async function writeLines(path: string, chunks: AsyncIterable<readonly string[]>, isAppended = false): Promise<number> {
  const out = createWriteStream(path, { mode: 0o600, flags: isAppended ? 'a' : 'wx' });
  const failed = finished(out);
  // Waited for below; until then a failed write must not count as unhandled.
  failed.catch(() => undefined);
  let count = 0;
  try {
    for await (const lines of chunks) {
      if (lines.length === 0) continue;
      count += lines.length;
      if (!out.write(`${lines.join('\n')}\n`)) await Promise.race([once(out, 'drain'), failed]);
    }
  } catch (error) {
    out.destroy();
    throw error;
  }
  out.end();
  await failed;
  return count;
}

/** The lines of a file of UTF-8 whose lines end with `\n`, without it. */
export async function* linesOf(path: string): AsyncGenerator<string> {
  const input = createReadStream(path, { encoding: 'utf8', highWaterMark: PIECE });
  let rest = '';
  try {
    for await (const piece of input as AsyncIterable<string>) {
      const lines = (rest === '' ? piece : rest + piece).split('\n');
      rest = lines.pop() ?? '';
      yield* lines;
    }
    if (rest !== '') yield rest;
  } finally {
    // A reader that has seen enough leaves early.
    input.destroy();
  }
}
