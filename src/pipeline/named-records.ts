/**
 * Which records name somebody: their bytes hold one of the texts, in whatever case, with JSON's escapes read.
 */
import { frameRegistry, frames } from '../landing/framing.ts';
import type { FrameResult } from '../landing/frame.ts';
import { gunzipWithin } from '../landing/gunzip.ts';
import type { LandedBatches, LedgerLine } from '../landing/landed-batches.ts';

/** A member of a batch, unpacked; undefined where it doesn't unpack. */
export interface UnpackedMember {
  readonly member: number;
  readonly bytes: Buffer;
  readonly origin: string;
}

/** Tells whether text names one of those who are looked for. */
export class Names {
  readonly #terms: readonly string[];

  /** @param terms looked for without case; empty ones are left out */
  constructor(terms: readonly string[]) {
    this.#terms = [...new Set(terms.map((term) => term.toLowerCase()).filter((term) => term !== ''))];
  }

  get terms(): readonly string[] {
    return this.#terms;
  }

  /** Whether the bytes hold a term as it stands, or once escapes (`\u0040`, `\/`, within strings in strings too) are read. */
  areIn(bytes: Buffer): boolean {
    let text = bytes.toString('utf8').toLowerCase();
    // A record may stand as a string in a string: each reading takes one layer of escapes off.
    for (let layer = 0; layer < 4; layer += 1) {
      if (this.#terms.some((term) => text.includes(term))) return true;
      if (!text.includes('\\')) return false;
      text = text.replace(/\\(?:u([0-9a-f]{4})|(.))/g, (_, hex?: string, one?: string) => (hex === undefined ? (one ?? '') : String.fromCharCode(parseInt(hex, 16)).toLowerCase()));
    }
    return this.#terms.some((term) => text.includes(term));
  }
}

/** The members of a batch as they lie now. @throws WhoranError where they are gone or altered; GunzipError */
export function* unpackedMembers(landing: LandedBatches, line: LedgerLine): Generator<UnpackedMember> {
  if (line.form !== 'trail_objects') {
    yield { member: 0, bytes: gunzipWithin(landing.readBatch(line)), origin: line.origin };
    return;
  }
  const bytes = landing.readBatch(line);
  for (const entry of landing.packIndex(line)) {
    yield { member: entry.member, bytes: gunzipWithin(bytes.subarray(entry.offset, entry.offset + entry.bytes)), origin: entry.origin };
  }
}

/** Every record, reject and set-aside of a member. */
export function resultsOf(line: Pick<LedgerLine, 'form'>, { bytes, origin }: UnpackedMember): Generator<FrameResult> {
  return line.form === 'identity_registry' ? frameRegistry(bytes, origin) : frames(bytes, origin);
}

/** Whether any text of a batch names somebody: also what is no record, and a member that doesn't unpack, as it stands. */
export function namesAny(landing: LandedBatches, line: LedgerLine, terms: readonly string[]): boolean {
  const names = new Names(terms);
  try {
    for (const { bytes } of unpackedMembers(landing, line)) if (names.areIn(bytes)) return true;
    return false;
  } catch {
    // Nobody can say what it holds: it counts as named, so that a hold keeps it.
    return true;
  }
}

