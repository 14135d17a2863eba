/**
 * Packs: trail objects of one ingest, gzip members one after another in one file, with an index by which each is cut out
 * again byte for byte. Trails deliver thousands of small objects an hour; a file and two syncs for each would cost more
 * than everything else.
 */

/** Packs are closed before they pass this many delivered bytes (ARCHITECTURE, Landing). */
export const PACK_BYTES = 8 * 1024 * 1024;

/** One line of a pack's index. */
export interface PackEntry {
  readonly member: number;
  readonly offset: number;
  readonly bytes: number;
  /** Path as the user gave it, or object key. */
  readonly origin: string;
  /** Lower-case hex SHA-256 of the delivered bytes. */
  readonly sha256: string;
  /** Length when unpacked. */
  readonly raw_bytes: number;
  /** What the service said beside the bytes; absent for files. */
  readonly metadata?: Readonly<Record<string, string>>;
  /** SHA-256 of the bytes as they were delivered, where an erasure has changed them since. */
  readonly delivered_sha256?: string;
}

/** A delivered object, checked: it unpacks to `rawBytes`. */
export interface PackMember {
  readonly bytes: Buffer;
  readonly origin: string;
  readonly sha256: Buffer;
  readonly rawBytes: number;
  readonly metadata?: Readonly<Record<string, string>>;
}

/** The index of a pack that holds `members` in this order. */
export function packEntries(members: readonly PackMember[]): PackEntry[] {
  let offset = 0;
  return members.map((member, number) => {
    const entry: PackEntry = {
      member: number,
      offset,
      bytes: member.bytes.length,
      origin: member.origin,
      sha256: member.sha256.toString('hex'),
      raw_bytes: member.rawBytes,
      ...(member.metadata ? { metadata: member.metadata } : {}),
    };
    offset += member.bytes.length;
    return entry;
  });
}

/** Entries as the index file has them: JSON lines. */
export function packIndexText(entries: readonly PackEntry[]): Buffer {
  return Buffer.from(entries.map((entry) => JSON.stringify(entry) + '\n').join(''));
}

/** The entries of an index file. */
export function parsePackIndex(text: Buffer): PackEntry[] {
  return text
    .toString('utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as PackEntry);
}
