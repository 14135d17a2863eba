/**
 * Staged rows for tests of correlation, with defaults: one tenant, one account, one application, one person.
 */
import { insertRow, openCaseDatabase } from '../src/catalog/run-case.ts';
import { configSchema, type ConfigSpec } from '../src/config/config.ts';
import { packageRoot } from '../src/core/package-root.ts';
import type { Database, SqlRow, SqlValue } from '../src/engine/database.ts';
import { correlate } from '../src/pipeline/correlate.ts';

export type StagedRow = readonly [table: string, row: Record<string, SqlValue>];
type Fields = Record<string, SqlValue>;

export const ACCOUNT = '111122223333';
export const TENANT = '11111111-1111-4111-8111-111111111111';
export const APP = '33333333-3333-4333-8333-333333333333';
export const ADA = '22222222-2222-4222-8222-222222222222';
export const BEN = '44444444-4444-4444-8444-444444444444';
export const JOB_IDENTITY = '55555555-5555-4555-8555-555555555555';
export const ENTRA_PROVIDER = `arn:aws:iam::${ACCOUNT}:oidc-provider/login.microsoftonline.com/${TENANT}/v2.0`;
export const COMPLETE = '2026-01-16T00:00:00Z';

const KINDS = ['interactive_user', 'non_interactive_user', 'service_principal', 'managed_identity'];

/** Every source, complete through one time. */
export function sources(completeThrough = COMPLETE, kinds: readonly string[] = KINDS): StagedRow[] {
  const source = (fields: Fields): StagedRow => [
    'stg_sources',
    { tenant_id: null, sign_in_kind: null, first_at: '2026-01-14T00:00:00Z', complete_through: completeThrough, records: 1, ...fields },
  ];
  return [
    source({ source: 'cloudtrail' }),
    source({ source: 'ecs_events' }),
    ...kinds.map((kind) => source({ source: 'sign_ins', tenant_id: TENANT, sign_in_kind: kind })),
  ];
}

/** A successful interactive sign-in of Ada. */
export function signIn(id: string, at: string, fields: Fields = {}): StagedRow {
  return [
    'stg_sign_ins',
    {
      tenant_id: TENANT, sign_in_id: id, created_at: at, sign_in_kind: 'interactive_user', is_success: true, error_code: '0',
      object_id: ADA, user_id: ADA, user_principal_name: 'ada@example.com', display_name: 'Ada Ito', app_id: APP,
      ip_address: '192.0.2.7', record_sha256: id.padEnd(64, '0'), batch_seq: 1, ...fields,
    },
  ];
}

/** Any CloudTrail record. */
export function event(id: string, at: string, caller: string, fields: Fields = {}): StagedRow {
  return [
    'stg_events_new',
    { account_id: ACCOUNT, event_id: id, event_at: at, event_name: 'ListTasks', event_source: 'ecs.amazonaws.com', caller_key: caller, batch_seq: 1, ...fields },
  ];
}

/** An STS record that issues `key`, as a request and as an event. */
export function sts(key: string, at: string, name: string, fields: Fields): StagedRow[] {
  const callerKey = typeof fields['caller_key'] === 'string' ? fields['caller_key'] : key;
  return [
    [
      'stg_sts_requests',
      {
        account_id: ACCOUNT, event_id: `open-${key}`, event_at: at, event_name: name, caller_key: callerKey, issued_key_id: key,
        expires_at: new Date(Date.parse(at) + 3_600_000).toISOString(), role_arn: `arn:aws:iam::${ACCOUNT}:role/jobs`,
        role_session_name: 'job', source_ip: '192.0.2.7', batch_seq: 1, ...fields,
      },
    ],
    event(`open-${key}`, at, callerKey, { event_name: name, event_source: 'sts.amazonaws.com', source_ip: fields['source_ip'] ?? '192.0.2.7', user_agent: fields['user_agent'] ?? null, identity_type: fields['identity_type'] ?? null, invoked_by: fields['invoked_by'] ?? null }),
  ];
}

/** AssumeRoleWithWebIdentity with an Entra token. */
export function webIdentity(key: string, at: string, fields: Fields = {}): StagedRow[] {
  return sts(key, at, 'AssumeRoleWithWebIdentity', {
    identity_type: 'WebIdentityUser', provider: ENTRA_PROVIDER, audience: APP, subject: 'pairwise-subject', caller_key: key, ...fields,
  });
}

/** AssumeRole with the key of another session. */
export function chained(key: string, at: string, parent: string, fields: Fields = {}): StagedRow[] {
  return sts(key, at, 'AssumeRole', { identity_type: 'AssumedRole', caller_access_key_id: parent, caller_key: parent, ...fields });
}

/** A correlated database. The caller closes it. */
export async function correlated(rows: readonly StagedRow[], config: ConfigSpec = {}): Promise<Database> {
  const db = await openCaseDatabase(packageRoot());
  for (const [table, row] of rows) await insertRow(db, table, row);
  await correlate(db, configSchema.parse(config));
  return db;
}

/** The row of `cor_sessions` for one session, after correlation of `rows`. */
export async function sessionOf(id: string, rows: readonly StagedRow[], config: ConfigSpec = {}): Promise<SqlRow> {
  return rowOf('select * from cor_sessions where session_id = $id', id, rows, config);
}

/** The row of `cor_tasks` for one task key. */
export async function taskOf(key: string, rows: readonly StagedRow[], config: ConfigSpec = {}): Promise<SqlRow> {
  return rowOf('select * from cor_tasks where task_key = $id', key, rows, config);
}

async function rowOf(sql: string, id: string, rows: readonly StagedRow[], config: ConfigSpec): Promise<SqlRow> {
  const db = await correlated(rows, config);
  try {
    const found = await db.all(sql, { id });
    if (found.length !== 1) throw new Error(`${found.length} rows for ${id}`);
    return found[0] ?? {};
  } finally {
    db.close();
  }
}
