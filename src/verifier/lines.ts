/**
 * Reads a file once: its length, its SHA-256, and where it is wanted its lines, never more than a piece of it in memory.
 */
import { createHash } from 'node:crypto';
import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { Unreadable } from './faults.ts';

const PIECE = 1024 * 1024;
/** A delivered record is at most a few MB. Whoever sends a longer line wants to fill our memory. */
const LONGEST_LINE = 64 * 1024 * 1024;
const NEWLINE = 0x0a;

export interface Read {
  readonly bytes: number;
  /** Lower-case hex. */
  readonly sha256: string;
}

/**
 * @param path where it lies
 * @param name the path inside the bundle, for faults
 * @param onLine gets each line without its break, with its number from 1; the buffer is only good until it returns
 * @throws Unreadable at no regular file, a line that is too long, or a last line without its break
 */
export function readOnce(path: string, name: string, onLine?: (line: Buffer, number: number) => void): Read {
  const fd = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    if (!fstatSync(fd).isFile()) throw new Unreadable(name, 'a file', 'something else');
    const sum = createHash('sha256');
    const piece = Buffer.allocUnsafe(PIECE);
    let bytes = 0;
    let number = 0;
    let rest: Buffer = Buffer.alloc(0);
    for (let read = readSync(fd, piece); read > 0; read = readSync(fd, piece)) {
      const part = piece.subarray(0, read);
      sum.update(part);
      bytes += read;
      if (!onLine) continue;
      let start = 0;
      for (let end = part.indexOf(NEWLINE); end !== -1; end = part.indexOf(NEWLINE, start)) {
        const line = part.subarray(start, end);
        onLine(rest.length === 0 ? line : Buffer.concat([rest, line]), (number += 1));
        rest = Buffer.alloc(0);
        start = end + 1;
      }
      if (rest.length > LONGEST_LINE) throw new Unreadable(`${name}:${number + 1}`, `a line of at most ${LONGEST_LINE} bytes`, 'a longer one');
      rest = Buffer.concat([rest, part.subarray(start)]);
    }
    if (rest.length > 0) throw new Unreadable(`${name}:${number + 1}`, 'a line that ends with a line break', 'one that does not');
    return { bytes, sha256: sum.digest('hex') };
  } finally {
    closeSync(fd);
  }
}

/** A small file, whole. @throws Unreadable where it is not there, or is no file, or is longer than `most` bytes */
export function readSmall(path: string, name: string, most: number): Buffer {
  let fd: number;
  try {
    fd = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unreadable';
    throw new Unreadable(name, 'a file', code === 'ENOENT' ? 'none' : code === 'ELOOP' ? 'a symbolic link' : code);
  }
  try {
    const status = fstatSync(fd);
    if (!status.isFile()) throw new Unreadable(name, 'a file', 'something else');
    if (status.size > most) throw new Unreadable(name, `at most ${most} bytes`, `${status.size} bytes`);
    const bytes = Buffer.alloc(status.size);
    let at = 0;
    for (let read = -1; at < bytes.length && read !== 0; at += read) read = readSync(fd, bytes, at, bytes.length - at, null);
    return bytes.subarray(0, at);
  } finally {
    closeSync(fd);
  }
}
