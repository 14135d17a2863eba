/**
 * Tells what a JSON object is by the names of its members. Sources add members and tools drop some, so a shape is a
 * number of telling names out of a set, not a fixed list.
 */

/** What an object is before anything is unwrapped from it. */
export type RecordShape =
  | 'cloudtrail'
  | 'cloudtrail_digest'
  | 'cloudtrail_insight'
  | 'cloudtrail_public_keys'
  | 'lookup_item'
  | 'log_event'
  | 'eventbridge'
  | 'ecs_task'
  | 'diagnostic'
  | 'graph_sign_ins'
  | 'graph_directory_audits'
  | 'log_analytics_sign_ins'
  | 'log_analytics_directory_audits'
  | 'unknown';

/** A JSON object, as `JSON.parse` gives it. */
export type JsonObject = Readonly<Record<string, unknown>>;

export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

interface Signature {
  readonly shape: RecordShape;
  readonly names: readonly string[];
  /** How many of the names it takes. */
  readonly least: number;
}

/** aws.md §1.4, §4.3; partial and warehouse-normalised records in public test data have as few as three. */
const CLOUDTRAIL: Signature = {
  shape: 'cloudtrail',
  names: ['eventVersion', 'eventID', 'eventTime', '@timestamp', 'eventSource', 'eventName', 'awsRegion', 'userIdentity', 'eventType', 'recipientAccountId', 'sourceIPAddress'],
  least: 3,
};

/** entra.md §1.1 (Graph: camelCase) and §1.2 (Log Analytics: PascalCase). */
const ENTRA: readonly Signature[] = [
  {
    shape: 'log_analytics_sign_ins',
    names: ['CreatedDateTime', 'UserPrincipalName', 'UserId', 'AppId', 'AppDisplayName', 'ResultType', 'IPAddress', 'UniqueTokenIdentifier', 'ResourceIdentity', 'ServicePrincipalId', 'ConditionalAccessStatus'],
    least: 3,
  },
  {
    shape: 'log_analytics_directory_audits',
    names: ['ActivityDateTime', 'ActivityDisplayName', 'InitiatedBy', 'TargetResources', 'LoggedByService', 'AADOperationType'],
    least: 2,
  },
  {
    shape: 'graph_sign_ins',
    names: ['createdDateTime', 'userPrincipalName', 'userId', 'appId', 'appDisplayName', 'ipAddress', 'conditionalAccessStatus', 'isInteractive', 'signInEventTypes', 'uniqueTokenIdentifier', 'resourceDisplayName', 'servicePrincipalId', 'clientAppUsed'],
    least: 4,
  },
  {
    shape: 'graph_directory_audits',
    names: ['activityDateTime', 'activityDisplayName', 'initiatedBy', 'targetResources', 'loggedByService', 'operationType'],
    least: 2,
  },
];

/** Log Analytics' own name for the table of a row decides where it is there. */
export const LOG_ANALYTICS_TABLES: Readonly<Record<string, RecordShape>> = {
  SigninLogs: 'log_analytics_sign_ins',
  AADNonInteractiveUserSignInLogs: 'log_analytics_sign_ins',
  AADServicePrincipalSignInLogs: 'log_analytics_sign_ins',
  AADManagedIdentitySignInLogs: 'log_analytics_sign_ins',
  AuditLogs: 'log_analytics_directory_audits',
};

function matches(has: (name: string) => boolean, signature: Signature): boolean {
  let found = 0;
  for (const name of signature.names) if (has(name) && ++found >= signature.least) return true;
  return false;
}

/** Which Entra export has columns of these names: for CSV headings. */
export function shapeOfColumns(columns: readonly string[]): RecordShape {
  const names = new Set(columns);
  return ENTRA.find((signature) => matches((name) => names.has(name), signature))?.shape ?? 'unknown';
}

/** What an object is, by its own members' names; `unknown` where none of the known shapes fits. */
export function recordShape(record: JsonObject): RecordShape {
  const has = (name: string): boolean => Object.hasOwn(record, name);
  if (matches(has, CLOUDTRAIL)) {
    return record['eventCategory'] === 'Insight' || has('insightDetails') ? 'cloudtrail_insight' : 'cloudtrail';
  }
  if (has('digestStartTime') && has('digestEndTime')) return 'cloudtrail_digest';
  if (Array.isArray(record['PublicKeyList'] ?? record['publicKeyList'])) return 'cloudtrail_public_keys';
  if (typeof record['CloudTrailEvent'] === 'string') return 'lookup_item';
  if (isJsonObject(record['detail']) && (has('detail-type') || has('source'))) return 'eventbridge';
  if (typeof record['message'] === 'string' && (has('timestamp') || has('ingestionTime') || has('eventId') || has('logStreamName'))) return 'log_event';
  if (typeof record['taskArn'] === 'string' && has('taskDefinitionArn') && (has('lastStatus') || has('clusterArn'))) return 'ecs_task';
  if (typeof record['category'] === 'string' && (isJsonObject(record['properties']) || typeof record['properties'] === 'string')) return 'diagnostic';
  const table = record['Type'];
  if (typeof table === 'string' && Object.hasOwn(LOG_ANALYTICS_TABLES, table)) return LOG_ANALYTICS_TABLES[table] ?? 'unknown';
  return ENTRA.find((signature) => matches(has, signature))?.shape ?? 'unknown';
}

/** Whether the bytes are a whole JSON object of a known shape. */
export function isKnownRecord(bytes: Buffer): boolean {
  try {
    const value: unknown = JSON.parse(bytes.toString('utf8'));
    return isJsonObject(value) && recordShape(value) !== 'unknown';
  } catch {
    return false;
  }
}
