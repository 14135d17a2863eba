/**
 * Evidence: the landed record behind a hop, and the SHA-256 of its bytes (RULINGS 20).
 */
import type { Evidence } from './answer.ts';
import { answerRow, answerRows, type AnswerReader } from './reader.ts';
import type { RecordKey, SessionRow, SignInRow, TaskRow } from './rows.ts';

interface CopyRow {
  readonly source_rank: number;
  readonly batch_seq: number;
  readonly member: number;
  readonly record_number: number | null;
  readonly record_sha256: string | null;
}

/** The staged SHA-256, or the one of the bytes cut out of landing; undefined where they hold no such record. */
async function copySha256(reader: AnswerReader, eventId: string, copy: CopyRow): Promise<string | undefined> {
  if (copy.record_sha256 !== null) return copy.record_sha256;
  // Loaded only here: most answers find their hashes staged.
  const { recordBytes } = await import('../landing/record-bytes.ts');
  const member = await reader.landing.readMember(copy.batch_seq, copy.member);
  const locator = copy.record_number === null ? { eventId } : { recordNumber: copy.record_number };
  return recordBytes(member.bytes, member.origin, locator)?.sha256;
}

/**
 * Evidence of a CloudTrail record: of its copies those of the best source, and of these the least SHA-256.
 * Empty where no landed record has the key.
 */
export async function recordEvidence(reader: AnswerReader, key: RecordKey): Promise<Evidence[]> {
  const copies = await answerRows<CopyRow>(reader, 'record_copies', { ...key });
  const best = copies.filter((copy) => copy.source_rank === copies[0]?.source_rank);
  const hashes: string[] = [];
  for (const copy of best) {
    const sha256 = await copySha256(reader, key.event_id, copy);
    if (sha256 !== undefined) hashes.push(sha256);
  }
  const least = hashes.sort()[0];
  return least === undefined ? [] : [{ source: 'cloudtrail', record_id: key.event_id, sha256: least }];
}

/** Evidence of a session: the STS record that issued it, the other half of a cross-account pair, and the registry's row
 * where that names the identity. Empty where no landed record issues it. */
export async function sessionEvidence(reader: AnswerReader, session: SessionRow): Promise<Evidence[]> {
  const at = session.opened_at;
  const evidence: Evidence[] = [];
  if (at !== null && session.opened_by_account_id !== null && session.opened_by_event_id !== null) {
    evidence.push(...(await recordEvidence(reader, { account_id: session.opened_by_account_id, event_id: session.opened_by_event_id, at })));
  }
  const { other_half_account_id: account, other_half_event_id: event, other_half_at: otherAt } = session;
  if (account !== null && event !== null && otherAt !== null) {
    evidence.push(...(await recordEvidence(reader, { account_id: account, event_id: event, at: otherAt })));
  }
  if (session.identity_method === 'registry' && session.identity_session_id === session.session_id) {
    evidence.push(...(await registryEvidence(reader, session)));
  }
  return evidence;
}

async function registryEvidence(reader: AnswerReader, session: SessionRow): Promise<Evidence[]> {
  const { issuer, audience, subject } = session;
  if (issuer === null || audience === null || subject === null) return [];
  const row = await answerRow<{ issuer: string; audience: string; subject: string; record_sha256: string }>(reader, 'registry_entry', {
    issuer,
    audience,
    subject,
  });
  return row ? [{ source: 'identity_registry', record_id: `${row.issuer} ${row.audience} ${row.subject}`, sha256: row.record_sha256 }] : [];
}

/** Evidence of a task: its latest landed state change, and the call that started it where another one configured that. */
export async function taskEvidence(reader: AnswerReader, task: TaskRow): Promise<Evidence[]> {
  const evidence: Evidence[] = [];
  if (task.launch_account_id !== null && task.launch_event_id !== null && task.launch_at !== null) {
    evidence.push(...(await recordEvidence(reader, { account_id: task.launch_account_id, event_id: task.launch_event_id, at: task.launch_at })));
  }
  const state = await answerRow<CopyRow & { event_id: string }>(reader, 'task_states', { task_key: task.task_key });
  if (state) {
    const sha256 = await copySha256(reader, state.event_id, state);
    if (sha256 !== undefined) evidence.push({ source: 'ecs_events', record_id: state.event_id, sha256 });
  }
  return evidence;
}

/** Evidence of a sign-in: the current version of its row. */
export function signInEvidence(signIn: SignInRow): Evidence[] {
  return [{ source: 'sign_ins', record_id: signIn.sign_in_id, sha256: signIn.record_sha256 }];
}
