/**
 * What the steps of staging tell each other.
 */

/** A file, or a member of a pack, that a run reads. */
export interface StagedMember {
  readonly batchSeq: number;
  readonly member: number;
  /** As the user named it. */
  readonly origin: string;
}

/** A record that framing rejected, or a count of records that it set aside. */
export interface FramedOutcome {
  readonly batchSeq: number;
  readonly member: number;
  readonly form: string;
  readonly recordNumber: number;
  /** Why it was rejected; null where it was set aside. */
  readonly reason: string | null;
}
