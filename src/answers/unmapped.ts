/**
 * The subjects that nobody has mapped: what `identities unmapped` lists.
 */
import { answerRows, type AnswerReader } from './reader.ts';

export interface UnmappedSubject {
  readonly issuer: string;
  readonly tenant_id: string;
  readonly audience: string | null;
  readonly subject: string;
  /** ARN of the IAM provider. */
  readonly provider: string | null;
  readonly sessions: number;
  /** Of these sessions, and of all that lead back to them. */
  readonly calls: number;
  readonly first_seen_at: string;
  readonly last_seen_at: string;
}

export interface Unmapped {
  readonly schema: 'whoran.unmapped/1';
  readonly subjects: readonly UnmappedSubject[];
}

/** All unmapped subjects of Entra tokens, the most active first. */
export async function unmappedSubjects(reader: Pick<AnswerReader, 'db'>): Promise<Unmapped> {
  return { schema: 'whoran.unmapped/1', subjects: await answerRows<UnmappedSubject>(reader, 'unmapped_subjects') };
}
