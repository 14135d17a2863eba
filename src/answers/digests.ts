/**
 * What CloudTrail's digests prove of the landed log files (`digests --json`), as the last published run checked it.
 */
import { answerRow, answerRows, type AnswerReader } from './reader.ts';

/** One trail's chain in one account and region. Counts are of what was delivered in the period. */
export interface DigestTrail {
  /** Null where the files' names say none. */
  readonly account_id: string | null;
  readonly aws_region: string | null;
  /** Null: log files that no digest names. */
  readonly trail_name: string | null;
  readonly home_region: string | null;
  /** The second chain, for log files that CloudTrail had missed. */
  readonly is_backfill: boolean;
  readonly digests_valid: number;
  readonly digests_invalid: number;
  readonly digests_unverifiable: number;
  /** Not in the bucket when a live source looked. */
  readonly digests_deleted: number;
  /** Named, not landed, and nobody looked. */
  readonly digests_missing: number;
  readonly gaps: number;
  readonly logs_proved: number;
  readonly logs_altered: number;
  readonly logs_deleted: number;
  readonly logs_missing: number;
  readonly logs_unproven: number;
  /** From the first valid digest's start to the last one's end; RFC 3339 UTC, delivery times. */
  readonly covered_from: string | null;
  readonly covered_to: string | null;
  /** Of that time, what valid digests cover. */
  readonly covered_seconds: number;
}

/** One digest, gap or log file that is not as it should be. `state` and `reason` as in stg_digest_checks. */
export interface DigestNote {
  readonly check_kind: 'digest' | 'gap' | 'log';
  readonly state: string;
  readonly reason: string;
  readonly account_id: string | null;
  readonly aws_region: string | null;
  readonly trail_name: string | null;
  readonly is_backfill: boolean;
  readonly object: string;
  readonly from_at: string | null;
  readonly to_at: string | null;
  readonly batch_seq: number | null;
  readonly member: number | null;
  readonly digest_batch_seq: number | null;
  readonly digest_member: number | null;
  readonly is_fault: boolean;
}

export interface DigestsDocument {
  readonly schema: 'whoran.digests/1';
  readonly from: string | null;
  readonly to: string | null;
  /** Something is altered, deleted or wrongly signed. */
  readonly has_faults: boolean;
  /** Keys known, and those of them that somebody's file says rather than CloudTrail itself. */
  readonly keys: { readonly known: number; readonly from_files: number };
  readonly trails: readonly DigestTrail[];
  /** Faults first; at most `MOST_NOTES`. */
  readonly notes: readonly DigestNote[];
  /** How many notes there are in all. */
  readonly notes_total: number;
}

/** More would flood a terminal; the rest is counted, and `stg_digest_checks` has all. */
export const MOST_NOTES = 1_000;

/** A period of delivery that includes `from` and not `to`; all time where they are left out. */
export async function digests(reader: Pick<AnswerReader, 'db'>, { from, to }: { readonly from?: Date; readonly to?: Date } = {}): Promise<DigestsDocument> {
  const period = { from_at: from ?? null, to_at: to ?? null };
  const trails = await answerRows<DigestTrail>(reader, 'digest_trails', period);
  const notes = await answerRows<DigestNote>(reader, 'digest_notes', { ...period, most: MOST_NOTES });
  const keys = await answerRow<{ known: number; from_files: number }>(reader, 'digest_keys');
  const total = (...names: readonly (keyof DigestTrail)[]): number => trails.reduce((sum, trail) => sum + names.reduce((part, name) => part + Number(trail[name]), 0), 0);
  const faults = total('digests_invalid', 'digests_deleted', 'logs_altered', 'logs_deleted');
  return {
    schema: 'whoran.digests/1',
    from: from?.toISOString() ?? null,
    to: to?.toISOString() ?? null,
    has_faults: faults > 0,
    keys: keys ?? { known: 0, from_files: 0 },
    trails,
    notes,
    notes_total: faults + total('digests_unverifiable', 'digests_missing', 'gaps', 'logs_missing', 'logs_unproven'),
  };
}
