/** Forms and envelopes: which form a record has by what carried it, and what the wrapping around it says. */
import type { FrameEnvelope, RecordForm } from '../frame.ts';
import { shapeOfColumns, type JsonObject } from './known-record.ts';

/** Diagnostic-settings categories that are read (entra.md §1.2), in lower case. AD FS sign-ins issue no Entra token and are not among them. */
const DIAGNOSTIC_FORMS: ReadonlyMap<string, RecordForm> = new Map([
  ['signinlogs', 'diagnostic_sign_ins'],
  ['noninteractiveusersigninlogs', 'diagnostic_sign_ins'],
  ['serviceprincipalsigninlogs', 'diagnostic_sign_ins'],
  ['managedidentitysigninlogs', 'diagnostic_sign_ins'],
  ['auditlogs', 'diagnostic_directory_audits'],
]);

/** Form of a diagnostic-settings line by its category, compared without case; undefined for those that are not read. */
export function diagnosticForm(category: string): RecordForm | undefined {
  return DIAGNOSTIC_FORMS.get(category.toLowerCase());
}

/** What carried a record that stands inside another: decides the form of a CloudTrail record (RULINGS 20). */
export type Carrier = 'object' | 'lines' | 'lookup' | 'logs';

/** The export whose columns these are; undefined for none. */
export function formOfColumns(columns: readonly string[]): RecordForm | undefined {
  const shape = shapeOfColumns(columns);
  return shape === 'log_analytics_sign_ins' || shape === 'log_analytics_directory_audits' ? shape : undefined;
}

/** Form of a CloudTrail record by its carrier. */
export function cloudTrailForm(carrier: Carrier): RecordForm {
  return ({ object: 'cloudtrail_object', lines: 'cloudtrail_lines', lookup: 'cloudtrail_lookup', logs: 'cloudtrail_logs' } as const)[carrier];
}

/** What an EventBridge envelope says beside `detail`. */
export function eventBridgeEnvelope(value: JsonObject): FrameEnvelope {
  const envelope: { -readonly [Key in keyof FrameEnvelope]: FrameEnvelope[Key] } = {};
  if (typeof value['account'] === 'string') envelope.accountId = value['account'];
  if (typeof value['id'] === 'string') envelope.id = value['id'];
  if (typeof value['detail-type'] === 'string') envelope.detailType = value['detail-type'];
  if (typeof value['time'] === 'string') envelope.time = value['time'];
  if (typeof value['region'] === 'string') envelope.region = value['region'];
  return envelope;
}

/** STS's words for a token that has expired: now and the token's end, in seconds since the epoch (aws.md §2). */
const EXPIRED_TOKEN = /Token expired: current date\/time \d{1,11} must be before the expiration date\/time \d{1,11}(?!\d)/;

/** Whether a line of an application's log tells what STS says of an expired token. */
export function tellsExpiredToken(message: string): boolean {
  return EXPIRED_TOKEN.test(message);
}

/** CloudTrail names its log streams `<account>_CloudTrail_<region>` (aws.md §4.2). */
export function logEventEnvelope(value: JsonObject): FrameEnvelope {
  const stream = value['logStreamName'];
  const account = typeof stream === 'string' ? /^(\d{12})_CloudTrail_/.exec(stream)?.[1] : undefined;
  return account === undefined ? {} : { accountId: account };
}
