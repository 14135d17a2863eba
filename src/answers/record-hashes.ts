/**
 * The SHA-256 of many landed records at once (RULINGS 20), for lists of evidence: each landed member is unpacked once a
 * batch, and what was hashed lately is kept.
 *
 * `evidence.ts` does the same for the few records of one answer.
 */
import type { Frame } from '../landing/frame.ts';
import { frames } from '../landing/framing.ts';
import { recordBytes } from '../landing/record-bytes.ts';
import { answerRows, type AnswerReader } from './reader.ts';

/** A record as lists of evidence name it. */
export interface RecordRef {
  readonly source: string;
  /** The AWS account or Entra tenant. */
  readonly owner_id: string;
  readonly record_id: string;
  /** The record's own time, RFC 3339; null where it isn't known, which costs a search through all events. */
  readonly record_at: string | null;
}

interface CopyRow {
  readonly source: string;
  readonly owner_id: string;
  readonly record_id: string;
  readonly batch_seq: number;
  readonly member: number;
  readonly record_number: number | null;
  readonly record_sha256: string | null;
}

/** So many hashes are kept between batches, and as many that were used before those: sessions and sign-ins come again and
 * again. About 10 MB. */
const KEPT_HASHES = 25_000;
/** From so many records of one member on, it is cheaper to read it through than to look for each. */
const READ_THROUGH = 3;

const EARLIEST = new Date(0);
const LATEST = new Date('9999-12-31T23:59:59Z');

const keyOf = (ref: Pick<RecordRef, 'source' | 'owner_id' | 'record_id'>): string => JSON.stringify([ref.source, ref.owner_id, ref.record_id]);

/** Hashes records out of landing, batch by batch. One for each run; not for use from two places at the same time. */
export class RecordHashes {
  readonly #reader: AnswerReader;
  #recent = new Map<string, string>();
  #older = new Map<string, string>();

  constructor(reader: AnswerReader) {
    this.#reader = reader;
  }

  /**
   * The hash of each record, in the order asked for: of its copies those of the best source, and of these the least.
   * Null where no landed record has the id.
   *
   * @throws where a landed member cannot be read any more
   */
  async of(refs: readonly RecordRef[]): Promise<(string | null)[]> {
    const found = new Map<string, string>();
    const missing = new Map<string, RecordRef>();
    for (const ref of refs) {
      const key = keyOf(ref);
      const kept = this.#recent.get(key) ?? this.#older.get(key);
      if (kept === undefined) missing.set(key, ref);
      else {
        found.set(key, kept);
        this.#keep(key, kept);
      }
    }
    if (missing.size > 0) {
      for (const [key, sha256] of await this.#read([...missing.values()])) {
        found.set(key, sha256);
        this.#keep(key, sha256);
      }
    }
    return refs.map((ref) => found.get(keyOf(ref)) ?? null);
  }

  #keep(key: string, sha256: string): void {
    this.#recent.set(key, sha256);
    if (this.#recent.size < KEPT_HASHES) return;
    this.#older = this.#recent;
    this.#recent = new Map();
  }

  async #read(refs: readonly RecordRef[]): Promise<Map<string, string>> {
    const times = refs.filter(({ source }) => source === 'cloudtrail').map(({ record_at: at }) => (at === null ? null : Date.parse(at)));
    const known = times.filter((at) => at !== null);
    const isBounded = known.length === times.length && known.length > 0;
    const copies = await answerRows<CopyRow>(this.#reader, 'evidence_copies', {
      sources: refs.map(({ source }) => source),
      owner_ids: refs.map(({ owner_id: owner }) => owner),
      record_ids: refs.map(({ record_id: id }) => id),
      // A record's time is told to the millisecond here and kept to the microsecond.
      from: isBounded ? new Date(known.reduce((a, b) => Math.min(a, b)) - 1) : EARLIEST,
      to: isBounded ? new Date(known.reduce((a, b) => Math.max(a, b)) + 1) : LATEST,
    });
    const least = new Map<string, string>();
    const take = (key: string, sha256: string): void => {
      const before = least.get(key);
      if (before === undefined || sha256 < before) least.set(key, sha256);
    };
    const unhashed = new Map<string, CopyRow[]>();
    for (const copy of copies) {
      if (copy.record_sha256 !== null) take(keyOf(copy), copy.record_sha256);
      else {
        const place = `${copy.batch_seq}/${copy.member}`;
        unhashed.set(place, [...(unhashed.get(place) ?? []), copy]);
      }
    }
    for (const ofMember of unhashed.values()) {
      for (const [copy, sha256] of await this.#hash(ofMember)) take(keyOf(copy), sha256);
    }
    return least;
  }

  /** The hashes of records that lie in one member. */
  async #hash(copies: readonly CopyRow[]): Promise<[CopyRow, string][]> {
    const [first] = copies;
    if (!first) return [];
    const { bytes, origin } = await this.#reader.landing.readMember(first.batch_seq, first.member);
    if (copies.length < READ_THROUGH) {
      return copies.flatMap((copy): [CopyRow, string][] => {
        const locator = copy.record_number === null ? { eventId: copy.record_id } : { recordNumber: copy.record_number };
        const record = recordBytes(bytes, origin, locator);
        return record ? [[copy, record.sha256]] : [];
      });
    }
    const byNumber = new Map(copies.map((copy) => [copy.record_number, copy]));
    const byId = new Map(copies.map((copy) => [copy.record_id, copy]));
    const hashed: [CopyRow, string][] = [];
    for (const frame of frames(bytes, origin)) {
      if (frame.kind !== 'record') continue;
      const numbered = byNumber.get(frame.recordNumber);
      const copy = numbered ?? byId.get(recordIdOf(frame));
      if (copy && (numbered !== undefined || copy.record_number === null)) hashed.push([copy, frame.sha256]);
    }
    return hashed;
  }
}

/** `eventID` of a CloudTrail record, `id` of an EventBridge envelope; empty where there is none. */
function recordIdOf(frame: Frame): string {
  const record: unknown = JSON.parse((frame.stagingJson ?? frame.bytes).toString('utf8'));
  if (record === null || typeof record !== 'object') return '';
  const { eventID, id } = record as { eventID?: unknown; id?: unknown };
  const found = eventID ?? id;
  return typeof found === 'string' ? found : '';
}
