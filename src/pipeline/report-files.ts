/**
 * A report's files: their names, and writing them so that there is a whole file or none.
 */
import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';

/** Pieces are gathered to this size before they are written. */
const WRITE_CHARACTERS = 1 << 16;

/** `2026-01-01T00:00:00Z` as `20260101T000000Z`: a time in a file's name on every system. */
export function timeInName(at: Date): string {
  return at.toISOString().replace(/\.000Z$/, 'Z').replace(/[-:.]/g, '');
}

async function* gathered(pieces: AsyncIterable<string> | Iterable<string>): AsyncGenerator<string> {
  let held: string[] = [];
  let length = 0;
  for await (const piece of pieces) {
    held.push(piece);
    length += piece.length;
    if (length < WRITE_CHARACTERS) continue;
    yield held.join('');
    held = [];
    length = 0;
  }
  if (length > 0) yield held.join('');
}

/** Writes text to a new file, UTF-8. @returns its length in bytes and SHA-256 in hex */
export async function writeText(path: string, pieces: AsyncIterable<string> | Iterable<string>): Promise<{ bytes: number; sha256: string }> {
  const hash = createHash('sha256');
  let bytes = 0;
  async function* counted(): AsyncGenerator<Buffer> {
    for await (const text of gathered(pieces)) {
      const buffer = Buffer.from(text, 'utf8');
      hash.update(buffer);
      bytes += buffer.length;
      yield buffer;
    }
  }
  await pipeline(Readable.from(counted()), createWriteStream(path, { flags: 'wx' }));
  return { bytes, sha256: hash.digest('hex') };
}
