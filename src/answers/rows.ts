/**
 * The rows that the queries of queries/answers give, as far as an answer reads them. Instants are RFC 3339 UTC.
 */
import type { Confidence, How, SignInGrade, WhoKind } from './answer.ts';

export interface SessionRow {
  readonly session_id: string;
  /** queries/correlated/tables.sql, cor_sessions. */
  readonly session_kind: string;
  readonly is_issued: boolean;
  readonly account_id: string | null;
  readonly opened_at: string | null;
  readonly expires_at: string | null;
  readonly opened_by_account_id: string | null;
  readonly opened_by_event_id: string | null;
  readonly opened_via: string | null;
  readonly other_half_account_id: string | null;
  readonly other_half_event_id: string | null;
  readonly role_arn: string | null;
  readonly role_session_name: string | null;
  readonly session_arn: string | null;
  readonly source_ip: string | null;
  readonly user_agent: string | null;
  readonly source_identity: string | null;
  readonly upstream_session_id: string | null;
  readonly upstream_caller_key: string | null;
  readonly upstream_task_key: string | null;
  readonly upstream_method: string | null;
  readonly upstream_confidence: Confidence | null;
  readonly root_session_id: string | null;
  readonly identity_session_id: string | null;
  readonly provider: string | null;
  readonly issuer: string | null;
  readonly tenant_id: string | null;
  readonly audience: string | null;
  readonly is_audience_checked: boolean | null;
  readonly subject: string | null;
  readonly token_id: string | null;
  readonly correlation_id: string | null;
  readonly who_kind: WhoKind;
  readonly who_tenant_id: string | null;
  readonly who_object_id: string | null;
  readonly who_issuer: string | null;
  readonly who_subject: string | null;
  readonly who_name: string | null;
  /** The one kind of sign-in in which a workload is known; null for people, and where both or neither are. */
  readonly who_sign_in_kind: string | null;
  readonly identity_method: string | null;
  readonly identity_confidence: Confidence;
  readonly confidence: Confidence;
  readonly how: How;
  readonly sign_in_grade: SignInGrade;
  readonly sign_in_id: string | null;
  readonly reason: string | null;
  readonly is_provisional: boolean;
  readonly is_traced: boolean;
  readonly conflicts: string[] | null;
}

export interface TaskRow {
  readonly task_key: string;
  readonly account_id: string;
  readonly task_arn: string | null;
  readonly cluster_name: string | null;
  readonly aws_region: string | null;
  readonly task_definition_arn: string | null;
  readonly started_by: string | null;
  readonly task_group: string | null;
  readonly task_at: string;
  readonly started_at: string | null;
  readonly stopped_at: string | null;
  readonly last_status: string | null;
  /** Of this hop alone, as `method`, `confidence`, `reason` and `is_provisional`; the task's answer: task-answer.ts. */
  readonly how: How | null;
  readonly method: string | null;
  readonly confidence: Confidence;
  readonly reason: string | null;
  readonly is_provisional: boolean;
  readonly launch_account_id: string | null;
  readonly launch_event_id: string | null;
  readonly launch_at: string | null;
  readonly configurer_account_id: string | null;
  readonly configurer_event_id: string | null;
  readonly configurer_at: string | null;
  readonly configurer_kind: string | null;
  readonly configurer_name: string | null;
  readonly launcher_caller_key: string | null;
}

export interface EventRow {
  readonly account_id: string;
  readonly event_id: string;
  readonly event_at: string;
  readonly event_source: string | null;
  readonly event_name: string | null;
  readonly aws_region: string | null;
  readonly source_ip: string | null;
  readonly user_agent: string | null;
  readonly error_code: string | null;
  readonly resource: string | null;
  readonly caller_key: string;
}

export interface CallerRow {
  readonly caller_key: string;
  readonly session_id: string;
  readonly session_method: string;
  readonly first_used_at: string;
  readonly last_used_at: string;
  readonly calls: number;
}

export interface SignInRow {
  readonly tenant_id: string;
  readonly sign_in_id: string;
  readonly created_at: string;
  readonly sign_in_kind: string;
  readonly is_success: boolean;
  readonly object_id: string | null;
  readonly user_principal_name: string | null;
  readonly display_name: string | null;
  readonly app_id: string | null;
  readonly app_display_name: string | null;
  readonly resource_id: string | null;
  readonly resource_display_name: string | null;
  readonly ip_address: string | null;
  readonly correlation_id: string | null;
  readonly token_id: string | null;
  readonly authentication_requirement: string | null;
  readonly conditional_access_status: string | null;
  readonly record_sha256: string;
}

/** One CloudTrail record's key, with its time so that it is found quickly. */
export interface RecordKey {
  readonly account_id: string;
  readonly event_id: string;
  readonly at: string;
}
