/**
 * Putting an answer together: INTERFACE's document out of a session, its chain, and what is particular to the thing asked about.
 */
import type { Answer, Candidate, SearchedSource, SubjectKind, Who } from './answer.ts';
import type { Asked } from './asked.ts';
import type { Chain } from './chain.ts';
import { answerRow, answerRows, type AnswerReader } from './reader.ts';
import type { SessionRow } from './rows.ts';
import { notSeenSentence, sentenceFor, type TellableSubject } from './sentence.ts';
import { asOf, earliest, neededSignIns } from './sources.ts';

/** What was asked, and of what. */
export interface Question {
  readonly reader: AnswerReader;
  readonly asked: string;
  readonly sources: readonly SearchedSource[];
  /** RFC 3339, where the folder is a cut-off one; only told in the answer. */
  readonly knownAt: string | null;
}

/** All that an answer is put together from. */
export interface Parts {
  readonly subject: { readonly kind: SubjectKind; readonly id: string };
  readonly tell: TellableSubject;
  readonly session: SessionRow | undefined;
  readonly chain: Chain;
  readonly how: Answer['how'];
  readonly confidence: Answer['confidence'];
  readonly reason: string | null;
  readonly isProvisional: boolean;
  /** What the settling time counts from. */
  readonly provisionalFrom: string | null;
  readonly candidates: readonly Candidate[];
  readonly otherIds: readonly string[];
}

/** The answer's document. */
export async function compose(question: Question, composed: Parts): Promise<Answer> {
  const { reader } = question;
  const { session, chain } = composed;
  const signInCandidates = session ? await signInCandidatesOf(reader, session) : [];
  const answer = {
    asked: question.asked,
    as_of: asOf(question.sources, { signIns: session && neededSignIns(session), ecsEvents: chain.passesTask }),
    known_at: question.knownAt,
    subject: composed.subject,
    who: session ? whoOf(session) : NOBODY,
    how: composed.how,
    confidence: composed.confidence,
    identity: { method: session?.identity_method ?? null },
    sign_in: { grade: session?.sign_in_grade ?? ('none' as const), id: session?.sign_in_id ?? null },
    reason: composed.reason,
    is_provisional: composed.isProvisional,
    provisional_until: composed.isProvisional ? await settledAt(reader, composed.provisionalFrom) : null,
  };
  return {
    schema: 'whoran.answer/1',
    ...answer,
    sentence: sentenceFor({ ...answer, subject: composed.tell }),
    chain: chain.hops,
    candidates: [...signInCandidates, ...composed.candidates],
    // Kept with the root only; they concern everything that leads back to it.
    conflicts: (session?.conflicts ?? chain.sessions.at(-1)?.conflicts) ?? [],
    other_ids: composed.otherIds,
  };
}

async function signInCandidatesOf(reader: AnswerReader, session: SessionRow): Promise<Candidate[]> {
  const sessionIds = [...new Set([session.session_id, session.identity_session_id, session.root_session_id])].filter((id) => id !== null);
  return answerRows<Candidate>(reader, 'sign_in_candidates', { session_ids: sessionIds });
}

/** `from` and the settling time that correlation used. */
async function settledAt(reader: AnswerReader, from: string | null): Promise<string | null> {
  if (from === null) return null;
  return (await answerRow<{ settled_at: string }>(reader, 'settled_at', { from_at: from }))?.settled_at ?? null;
}

const NOBODY: Who = { kind: 'unknown', tenant_id: null, object_id: null, name: null, issuer: null, subject: null };

function whoOf(session: SessionRow): Who {
  return {
    kind: session.who_kind,
    tenant_id: session.who_tenant_id,
    object_id: session.who_object_id,
    name: session.who_name,
    issuer: session.who_issuer,
    subject: session.who_subject,
  };
}

const SUBJECT_OF_FORM: Readonly<Record<Asked['form'], SubjectKind>> = {
  task: 'task',
  session_arn: 'session',
  access_key: 'session',
  address: 'address',
  user_principal_name: 'identity',
  guid: 'event',
  event: 'event',
};

/** The answer for an id that nothing landed mentions: what was searched, and through when. */
export function notSeen(question: Question, asked: Asked): Answer {
  const { sources } = question;
  return {
    schema: 'whoran.answer/1',
    asked: question.asked,
    as_of: earliest(sources.map((source) => source.complete_through)),
    known_at: question.knownAt,
    subject: { kind: SUBJECT_OF_FORM[asked.form], id: question.asked.trim() },
    who: NOBODY,
    how: null,
    confidence: 'none',
    identity: { method: null },
    sign_in: { grade: 'none', id: null },
    reason: 'not_seen',
    sentence: notSeenSentence(question.asked.trim(), sources),
    chain: [],
    candidates: [],
    is_provisional: false,
    provisional_until: null,
    conflicts: [],
    other_ids: [],
    searched: sources,
  };
}
