/**
 * Files of JSON lines as the engine reads them.
 */
import { literal } from '../engine/sql-text.ts';
import { open } from 'node:fs/promises';

/** What DuckDB takes for the longest object where nobody says otherwise. */
const LEAST = 16 * 1024 * 1024;
const PIECE = 1024 * 1024;
const NEWLINE = 0x0a;

/**
 * `read_json(…)` of a file of JSON lines. The engine sets aside twice the longest line for each thread: so that is what the file has, and no
 * bound that all files keep, which took a gigabyte for the smallest of them.
 *
 * @param columns names and types, as a struct's members in SQL
 */
export async function readJsonLines(path: string, columns: string): Promise<string> {
  const longest = Math.max(LEAST, await longestLine(path));
  return `read_json(${literal(path)}, format = 'newline_delimited', columns = {${columns}}, maximum_object_size = ${longest})`;
}

/** Bytes of the longest line, its break included. */
export async function longestLine(path: string): Promise<number> {
  const file = await open(path);
  try {
    const piece = Buffer.allocUnsafe(PIECE);
    let longest = 0;
    let length = 0;
    for (;;) {
      const { bytesRead } = await file.read(piece, 0, PIECE);
      if (bytesRead === 0) return Math.max(longest, length);
      const part = piece.subarray(0, bytesRead);
      let start = 0;
      for (let end = part.indexOf(NEWLINE); end !== -1; end = part.indexOf(NEWLINE, start)) {
        longest = Math.max(longest, length + end + 1 - start);
        length = 0;
        start = end + 1;
      }
      length += bytesRead - start;
    }
  } finally {
    await file.close();
  }
}
