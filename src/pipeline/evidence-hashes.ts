/**
 * The SHA-256 of each record that a report's rows name, gathered once a report: out of landing, or out of the bundle that encloses the records.
 */
import type { RecordHashes, RecordRef } from '../answers/record-hashes.ts';
import type { Database } from '../engine/database.ts';
import { queryText } from '../engine/query-file.ts';

/** What gives records their hashes. */
export interface EvidenceHashes {
  /** Puts a row into `evidence_hashes` for each of `evidence_refs`; its `sha256` is null where there is no such record. */
  add(db: Database): Promise<void>;
}

/** Records hashed together: so many that a landed object is unpacked once or twice, and no more. */
const HASHED_TOGETHER = 20_000;

/** Makes `evidence_hashes`, without a row. */
export async function noHashes(db: Database): Promise<void> {
  await db.run('create or replace temp table evidence_hashes (source varchar, owner_id varchar, record_id varchar, sha256 varchar)');
}

/** Hashes of what lies in landing. */
export class LandedHashes implements EvidenceHashes {
  readonly #hashes: Pick<RecordHashes, 'of'>;

  constructor(hashes: Pick<RecordHashes, 'of'>) {
    this.#hashes = hashes;
  }

  async add(db: Database): Promise<void> {
    for (let from = 0; ; from += HASHED_TOGETHER) {
      const refs = await db.all<RecordRef & { ref_no: number }>(
        'select ref_no, source, owner_id, record_id, record_at from evidence_refs where ref_no >= $from and ref_no < $to order by ref_no',
        { from, to: from + HASHED_TOGETHER },
      );
      if (refs.length === 0) return;
      const sha256s = await this.#hashes.of(refs);
      await db.run(
        `insert into evidence_hashes
         select r.source, r.owner_id, r.record_id, nullif(h.sha256, '')
         from (select unnest($sha256s) as sha256, unnest(range(len($sha256s))) as place) h
         inner join evidence_refs r on r.ref_no = h.place + $from`,
        { sha256s: sha256s.map((one) => one ?? ''), from },
      );
    }
  }
}

/** Hashes of what a bundle encloses, in `bundle_records`. */
export const enclosedHashes: EvidenceHashes = {
  add: async (db) => db.run(`insert into evidence_hashes ${await queryText('bundles/enclosed_hashes')}`),
};
