/**
 * The documents that `ask` answers with: INTERFACE, "ask --json". Property names are the JSON's.
 */

export type SubjectKind = 'task' | 'event' | 'session' | 'identity' | 'address';
export type WhoKind = 'person' | 'workload' | 'agent' | 'iam_user' | 'root' | 'aws_service' | 'unknown';
export type Confidence = 'proved' | 'asserted' | 'inferred' | 'none';
export type How = 'ran' | 'configured';
export type SignInGrade = 'exact' | 'window' | 'ambiguous' | 'none';
export type HopKind = 'sign_in' | 'session' | 'action' | 'task' | 'task_session' | 'call';

/** What landed records that prove something are: the sources of `stg_sources`, and those that complete nothing. */
export const EVIDENCE_SOURCES = ['cloudtrail', 'ecs_events', 'sign_ins', 'application_logs', 'identity_registry', 'directory_audits', 'directory', 'landing'] as const;

/** Where a hop is proved: a landed record and the SHA-256 of its bytes (RULINGS 20). */
export interface Evidence {
  readonly source: (typeof EVIDENCE_SOURCES)[number];
  readonly record_id: string;
  readonly sha256: string;
}

export type DetailValue = string | number | boolean | null;

/** One hop. `method` and `confidence` are of the edge from the hop before (RULINGS 7); null where there is none. */
export interface Hop {
  readonly hop: HopKind;
  readonly id: string;
  readonly at: string | null;
  readonly method: string | null;
  readonly confidence: Confidence | null;
  readonly evidence: readonly Evidence[];
  readonly detail: Readonly<Record<string, DetailValue>>;
}

/** What might have been the answer and was not picked: a sign-in, a session, or a call that configured. */
export type Candidate =
  | { readonly sign_in_id: string; readonly at: string; readonly why_not: string }
  | { readonly session_id: string; readonly at: string; readonly why_not: string }
  | {
      readonly event_id: string;
      readonly account_id: string;
      readonly kind: string;
      readonly name: string;
      readonly at: string;
      readonly why_not: string;
    };

export interface Who {
  readonly kind: WhoKind;
  readonly tenant_id: string | null;
  readonly object_id: string | null;
  readonly name: string | null;
  readonly issuer: string | null;
  readonly subject: string | null;
}

/** How far one source is landed: what an answer of "not seen" or "none" rests on. */
export interface SearchedSource {
  readonly source: string;
  readonly tenant_id: string | null;
  readonly sign_in_kind: string | null;
  readonly first_at: string | null;
  readonly complete_through: string | null;
  readonly records: number;
}

export interface Answer {
  readonly schema: 'whoran.answer/1';
  readonly asked: string;
  readonly as_of: string | null;
  readonly known_at: string | null;
  readonly subject: { readonly kind: SubjectKind; readonly id: string };
  readonly who: Who;
  readonly how: How | null;
  readonly confidence: Confidence;
  readonly identity: { readonly method: string | null };
  readonly sign_in: { readonly grade: SignInGrade; readonly id: string | null };
  readonly reason: string | null;
  readonly sentence: string;
  readonly chain: readonly Hop[];
  readonly candidates: readonly Candidate[];
  /** May change by itself once sources are complete; `provisional_until` is when that is due, where it can be told. */
  readonly is_provisional: boolean;
  readonly provisional_until: string | null;
  /** Methods of ATTRIBUTION 3 that name different identities, as `method:object_id`. */
  readonly conflicts: readonly string[];
  /** What else the asked id might mean (RULINGS 3). */
  readonly other_ids: readonly string[];
  /** Only with reason `not_seen`: what was searched. */
  readonly searched?: readonly SearchedSource[];
}

export interface ActivitySession {
  readonly id: string;
  readonly role_arn: string | null;
  readonly from: string | null;
  readonly to: string | null;
  readonly confidence: Confidence;
  readonly how: How;
  readonly reason: string | null;
}
export interface ActivityAction {
  readonly id: string;
  readonly at: string;
  readonly name: string | null;
  readonly resource: string | null;
  readonly account_id: string;
  readonly error_code: string | null;
}
export interface ActivityTask {
  readonly id: string;
  readonly at: string;
  readonly how: How | null;
}
export interface ActivitySignIn {
  readonly id: string;
  readonly at: string;
  readonly tenant_id: string;
  readonly object_id: string | null;
  readonly name: string | null;
  readonly application: string | null;
  readonly address: string | null;
  readonly is_success: boolean;
}

/** What an identity did, or what was done from an address. Each list is newest first and at most `limit` long; `totals`
 * counts all. */
export interface Activity {
  readonly schema: 'whoran.activity/1';
  readonly asked: string;
  readonly as_of: string | null;
  readonly known_at: string | null;
  readonly subject: { readonly kind: 'identity' | 'address'; readonly id: string };
  /** Null for an address. */
  readonly who: Who | null;
  readonly sentence: string;
  readonly sign_ins: readonly ActivitySignIn[];
  readonly sessions: readonly ActivitySession[];
  readonly actions: readonly ActivityAction[];
  readonly tasks: readonly ActivityTask[];
  readonly totals: { readonly sign_ins: number; readonly sessions: number; readonly actions: number; readonly tasks: number };
  readonly limit: number;
  readonly other_ids: readonly string[];
}
