/**
 * The CloudTrail records of one answer: what they say, and the SHA-256 of the best landed copy of each (RULINGS 20). All of
 * them are looked up at once.
 */
import type { Evidence } from './answer.ts';
import { answerRow, answerRows, type AnswerReader } from './reader.ts';
import type { EventRow, RecordKey } from './rows.ts';

/** A copy of a record in landing. */
export interface CopyRow {
  readonly source_rank: number;
  readonly batch_seq: number;
  readonly member: number;
  readonly record_number: number | null;
  readonly record_sha256: string | null;
}

/** Of a further copy, only where it lies is known. */
type RecordRow = CopyRow & Omit<EventRow, 'caller_key'> & { readonly caller_key: string | null };

function keyOf({ account_id: accountId, event_id: eventId }: Pick<RecordKey, 'account_id' | 'event_id'>): string {
  return `${accountId}/${eventId}`;
}

/** The staged SHA-256, or the one of the bytes cut out of landing; undefined where they hold no such record. */
export async function copySha256(reader: AnswerReader, eventId: string, copy: CopyRow): Promise<string | undefined> {
  if (copy.record_sha256 !== null) return copy.record_sha256;
  // Loaded only here: most answers find their hashes staged.
  const { recordBytes } = await import('../landing/record-bytes.ts');
  const member = await reader.landing.readMember(copy.batch_seq, copy.member);
  const locator = copy.record_number === null ? { eventId } : { recordNumber: copy.record_number };
  return recordBytes(member.bytes, member.origin, locator)?.sha256;
}

/** Records that were looked up, by account and event id. */
export class Records {
  readonly #reader: AnswerReader;
  readonly #rows: ReadonlyMap<string, readonly RecordRow[]>;

  private constructor(reader: AnswerReader, rows: ReadonlyMap<string, readonly RecordRow[]>) {
    this.#reader = reader;
    this.#rows = rows;
  }

  /** Looks up all of `keys`; those that no landed record has are simply not there. */
  static async load(reader: AnswerReader, keys: readonly RecordKey[]): Promise<Records> {
    const rows = new Map<string, RecordRow[]>();
    const add = (row: RecordRow): void => {
      rows.set(keyOf(row), [...(rows.get(keyOf(row)) ?? []), row]);
    };
    if (keys.length > 0) {
      const found = await answerRows<RecordRow>(reader, 'records', {
        account_ids: keys.map((key) => key.account_id),
        event_ids: keys.map((key) => key.event_id),
        ats: keys.map((key) => key.at),
      });
      found.forEach(add);
    }
    for (const key of keys) {
      if (rows.get(keyOf(key))?.some((row) => row.caller_key !== null)) continue;
      const near = await answerRow<RecordRow>(reader, 'record_near', { ...key });
      if (near) add(near);
    }
    return new Records(reader, rows);
  }

  /** What a record says; undefined where no landed record has the key. */
  event(key: RecordKey): EventRow | undefined {
    return this.#rows.get(keyOf(key))?.find((row): row is RecordRow & EventRow => row.caller_key !== null);
  }

  /** Evidence of a record: of its copies those of the best source, and of these the least SHA-256. */
  async evidence(key: RecordKey | undefined): Promise<Evidence[]> {
    const copies = key === undefined ? [] : (this.#rows.get(keyOf(key)) ?? []);
    if (key === undefined || copies.length === 0) return [];
    const bestRank = Math.min(...copies.map((copy) => copy.source_rank));
    const hashes: string[] = [];
    for (const copy of copies) {
      if (copy.source_rank !== bestRank) continue;
      const sha256 = await copySha256(this.#reader, key.event_id, copy);
      if (sha256 !== undefined) hashes.push(sha256);
    }
    const [least] = hashes.sort();
    return least === undefined ? [] : [{ source: 'cloudtrail', record_id: key.event_id, sha256: least }];
  }
}
