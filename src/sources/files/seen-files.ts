/**
 * Which files were delivered, as the cursor keeps it: a hash of each one's path, size and time of change, 48 bits, sorted, the
 * differences packed. Exact for what is added, changed, renamed and deleted, whatever the clock of the file system; 100,000
 * files make about 700 kB.
 */
import { createHash } from 'node:crypto';

/** A file as it was found. */
export interface FoundFile {
  /** The configured folder and what is below it. */
  readonly path: string;
  readonly bytes: number;
  /** Nanoseconds since the epoch. */
  readonly mtimeNs: bigint;
}

/**
 * What a file is known by. Two of 100,000 files have the same hash less than once in 50,000 such folders; a new file is then
 * taken for a known one less than once in 10^9.
 */
export function identityOf({ path, bytes, mtimeNs }: FoundFile): number {
  return createHash('sha256').update(`${path}\n${bytes}\n${mtimeNs.toString()}`).digest().readUIntBE(0, 6);
}

const VERSION = '1:';

/** The set as text. */
export function seenText(seen: ReadonlySet<number>): string {
  const packed: number[] = [];
  let last = 0;
  for (const identity of [...seen].sort((a, b) => a - b)) {
    let difference = identity - last;
    last = identity;
    // Seven bits a byte, the low ones first, the high bit where more follow.
    while (difference >= 0x80) {
      packed.push((difference % 0x80) + 0x80);
      difference = Math.floor(difference / 0x80);
    }
    packed.push(difference);
  }
  return VERSION + Buffer.from(packed).toString('base64url');
}

/** The set that a text holds; undefined where it is of another form, so that all is delivered anew. */
export function parseSeen(text: string): Set<number> | undefined {
  if (!text.startsWith(VERSION) || !/^[\w-]*$/.test(text.slice(VERSION.length))) return undefined;
  const seen = new Set<number>();
  let last = 0;
  let difference = 0;
  let scale = 1;
  for (const byte of Buffer.from(text.slice(VERSION.length), 'base64url')) {
    difference += (byte % 0x80) * scale;
    scale *= 0x80;
    if (byte >= 0x80) continue;
    last += difference;
    seen.add(last);
    difference = 0;
    scale = 1;
  }
  return seen;
}
