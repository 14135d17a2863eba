/**
 * Evidence of a hop: the landed records behind it, and the SHA-256 of their bytes (RULINGS 20).
 */
import type { Evidence } from './answer.ts';
import { answerRow, type AnswerReader } from './reader.ts';
import { Records, copySha256, type CopyRow } from './records.ts';
import type { RecordKey, SessionRow, SignInRow, TaskRow } from './rows.ts';
import { taskRecords, type Step } from './walk.ts';

/** Of a session: the STS record that issued it, the other half of a cross-account pair, and the registry's row where that
 * names the identity. Empty where no landed record issues it. */
export async function sessionEvidence(reader: AnswerReader, records: Records, { session, issue, otherHalf }: Step): Promise<Evidence[]> {
  const isByRegistry = session.identity_method === 'registry' && session.identity_session_id === session.session_id;
  return [
    ...(await records.evidence(issue)),
    ...(await records.evidence(otherHalf)),
    ...(isByRegistry ? await registryEvidence(reader, session) : []),
  ];
}

async function registryEvidence(reader: AnswerReader, { issuer, audience, subject }: SessionRow): Promise<Evidence[]> {
  if (issuer === null || audience === null || subject === null) return [];
  const row = await answerRow<{ issuer: string; audience: string; subject: string; record_sha256: string }>(reader, 'registry_entry', {
    issuer,
    audience,
    subject,
  });
  return row ? [{ source: 'identity_registry', record_id: `${row.issuer} ${row.audience} ${row.subject}`, sha256: row.record_sha256 }] : [];
}

/** Of a task: the call that started it, also where another one configured that, and its latest landed state change; where
 * neither is landed, the record that opened its first role session. */
export async function taskEvidence(reader: AnswerReader, records: Records, task: TaskRow): Promise<Evidence[]> {
  const evidence = await records.evidence(taskRecords(task).launch);
  const state = await answerRow<CopyRow & { event_id: string }>(reader, 'task_states', { task_key: task.task_key });
  if (!state) return evidence.length > 0 ? evidence : roleSessionEvidence(reader, task);
  const sha256 = await copySha256(reader, state.event_id, state);
  return sha256 === undefined ? evidence : [...evidence, { source: 'ecs_events', record_id: state.event_id, sha256 }];
}

async function roleSessionEvidence(reader: AnswerReader, task: TaskRow): Promise<Evidence[]> {
  const key = await answerRow<RecordKey>(reader, 'task_role_session', { task_key: task.task_key });
  return key ? (await Records.load(reader, [key])).evidence(key) : [];
}

/** Of a sign-in: the current version of its row. */
export function signInEvidence(signIn: SignInRow): Evidence[] {
  return [{ source: 'sign_ins', record_id: signIn.sign_in_id, sha256: signIn.record_sha256 }];
}
