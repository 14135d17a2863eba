/**
 * Frames: one delivered record, cut out of the bytes that carried it, before anybody reads its meaning.
 *
 * Framing decodes envelopes (pages, batches, log events, CSV) and tells forms apart by content; it never interprets a
 * record. Staging SQL does that, on what framing writes.
 */

/** What a record is, told by its content. One staging file in `queries/staging/` serves each family. */
export type RecordForm =
  | 'cloudtrail_object' // an element of {"Records":[…]}
  | 'cloudtrail_logs' // CloudTrail record in a CloudWatch Logs event's message
  | 'cloudtrail_eventbridge' // detail of an "… via CloudTrail" envelope
  | 'cloudtrail_lookup' // CloudTrailEvent string of LookupEvents
  | 'cloudtrail_lines' // JSON lines or a bare array
  | 'ecs_events' // EventBridge envelope, source aws.ecs, not via CloudTrail (also inside CloudWatch Logs)
  | 'ecs_describe_tasks' // element of {"tasks":[…]}, ECS's own DescribeTasks
  | 'application_log' // CloudWatch Logs event whose message holds STS's word on an expired token
  | 'graph_sign_ins' // Graph signIn, page or line
  | 'log_analytics_sign_ins' // Log Analytics row (JSON) or its CSV export
  | 'diagnostic_sign_ins' // diagnostic-settings line
  | 'graph_directory_audits'
  | 'log_analytics_directory_audits'
  | 'diagnostic_directory_audits'
  | 'graph_users' // rows of Graph's directory, by the page's @odata.context
  | 'graph_service_principals'
  | 'graph_groups'
  | 'graph_group_members' // a page of transitiveMembers, whole; the group is in what the page is called
  | 'identity_registry'
  | 'cloudtrail_digest' // set aside
  | 'cloudtrail_insight' // set aside
  | 'cloudtrail_public_keys' // ListPublicKeys' answer; set aside
  | 'erased' // stands where a record was that an erasure took; set aside
  | 'unknown';

/** What the envelope around a record says and the record itself may not. */
export interface FrameEnvelope {
  /** Account of an EventBridge envelope, or out of the object path. */
  readonly accountId?: string;
  /** Tenant of a diagnostic line, or of the source. */
  readonly tenantId?: string;
  /** Log Analytics table or diagnostic category, as delivered. */
  readonly table?: string;
  /** EventBridge envelope: id, detail-type, time, region. */
  readonly id?: string;
  readonly detailType?: string;
  readonly time?: string;
  readonly region?: string;
  /** `logs` where a CloudWatch Logs event carried an ECS event: such a copy ranks before EventBridge's own (RULINGS 20). */
  readonly carrier?: 'logs';
  /** CloudWatch Logs: the group, where the source says it. */
  readonly logGroup?: string;
  /** Directory pages: the group whose members the rows are, and when the snapshot was taken (RFC 3339), by the page's origin. */
  readonly groupId?: string;
  readonly snapshotAt?: string;
  /** Directory pages: which of the list's pages it is, from 1, where the origin says it. */
  readonly pageNumber?: number;
}

/** A record to stage. `bytes` are the record's own bytes as RULINGS 20 defines them; `sha256` is taken over them with
 * the value of `sessionToken` replaced by that value's SHA-256 in hex. */
export interface Frame {
  readonly kind: 'record';
  readonly form: RecordForm;
  /** 1-based, in the order of delivery, within its batch member. Rejected and set-aside records count too. */
  readonly recordNumber: number;
  readonly bytes: Buffer;
  /** What staging reads instead of `bytes`, where those are not one line of JSON that DuckDB takes: a CSV row or a row of a
   * `tables` answer as an object keyed by column; a record with line breaks between its members, with a key twice (the
   * last one counts) or with half a surrogate pair. Stage `stagingJson ?? bytes`: always one line of UTF-8 JSON. */
  readonly stagingJson?: Buffer;
  readonly sha256: string;
  readonly envelope: FrameEnvelope;
}

/** A record (or what should have been one) that cannot be read: why, for the person who must mend it. */
export interface FrameReject {
  readonly kind: 'reject';
  readonly form: RecordForm;
  readonly recordNumber: number;
  readonly reason: string;
}

/** A record recognised and not for staging: digests and their keys, Insights, and lines of an application's log that say nothing of tokens. */
export interface FrameSetAside {
  readonly kind: 'set_aside';
  readonly form: RecordForm;
  readonly recordNumber: number;
}

export type FrameResult = Frame | FrameReject | FrameSetAside;
