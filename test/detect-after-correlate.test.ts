/**
 * Detections on what correlation really makes of staged records: each fires, and each falls silent or changes its status when
 * the record that was missing comes late, as a rebuild from all of them says too.
 */
import { expect, test } from 'vitest';
import { insertRow, openCaseDatabase } from '../src/catalog/run-case.ts';
import { configSchema } from '../src/config/config.ts';
import { packageRoot } from '../src/core/package-root.ts';
import type { Database, SqlValue } from '../src/engine/database.ts';
import { correlate } from '../src/pipeline/correlate.ts';
import { detect } from '../src/pipeline/detect.ts';

interface FindingRow {
  readonly detection: string;
  readonly subject_id: string;
  readonly status: string;
}
type Rows = readonly (readonly [table: string, row: Record<string, SqlValue>])[];

const ACCOUNT = '111122223333';
const TENANT = '11111111-1111-4111-8111-111111111111';
const APP = '33333333-3333-4333-8333-333333333333';
const ADA = '22222222-2222-4222-8222-222222222222';
const BEN = '44444444-4444-4444-8444-444444444444';
const config = configSchema.parse({});

const sources = (completeThrough: string): Rows =>
  [
    ['cloudtrail', null, null], ['ecs_events', null, null], ['sign_ins', TENANT, 'interactive_user'], ['sign_ins', TENANT, 'non_interactive_user'],
  ].map(([source = null, tenant = null, kind = null]) => [
    'stg_sources',
    { source, tenant_id: tenant, sign_in_kind: kind, first_at: '2026-01-14T00:00:00Z', complete_through: completeThrough, records: 1 },
  ]);

const signIn = (id: string, at: string, objectId = ADA, batch = 1): Rows => [
  ['stg_sign_ins', {
    tenant_id: TENANT, sign_in_id: id, created_at: at, sign_in_kind: 'interactive_user', is_success: true, object_id: objectId, user_id: objectId,
    display_name: objectId === ADA ? 'Ada Ito' : 'Ben Roe', app_id: APP, ip_address: '192.0.2.7', record_sha256: id.padEnd(64, '0'), batch_seq: batch,
  }],
];

/** A session opened with Ada's signed token, and its STS record. */
const session = (key: string, at: string, fields: Record<string, SqlValue> = {}): Rows => [
  ['stg_sts_requests', {
    account_id: ACCOUNT, event_id: `open-${key}`, event_at: at, event_name: 'AssumeRoleWithWebIdentity', identity_type: 'WebIdentityUser', caller_key: key,
    issued_key_id: key, expires_at: '2026-01-15T10:00:00Z', role_arn: `arn:aws:iam::${ACCOUNT}:role/jobs`, role_session_name: 'job', source_ip: '192.0.2.7',
    provider: `arn:aws:iam::${ACCOUNT}:oidc-provider/sts.windows.net/${TENANT}/`, audience: APP, subject: 'pairwise', principal_tags: `{entraoid=${ADA}}`,
    batch_seq: 1, ...fields,
  }],
  ['stg_events_new', {
    account_id: ACCOUNT, event_id: `open-${key}`, event_at: at, event_name: 'AssumeRoleWithWebIdentity', event_source: 'sts.amazonaws.com', caller_key: key, batch_seq: 1,
  }],
];

const call = (key: string, id: string, at: string, batch = 1): Rows => [
  ['stg_events_new', { account_id: ACCOUNT, event_id: id, event_at: at, event_name: 'ListTasks', event_source: 'ecs.amazonaws.com', caller_key: key, batch_seq: batch }],
];

const task: Rows = [
  ['stg_task_events', {
    account_id: ACCOUNT, event_id: 'task-event', event_at: '2026-01-15T09:00:00Z', task_key: `${ACCOUNT}/0a1b`, task_arn: `arn:aws:ecs:eu-west-1:${ACCOUNT}:task/batch/0a1b`,
    created_at: '2026-01-15T09:00:00Z', task_version: 1, last_status: 'RUNNING', batch_seq: 1,
  }],
];
const launch = (batch: number): Rows => [
  ...call('ASIALAUNCHER00000001', 'launch', '2026-01-15T08:59:59Z', batch),
  ['stg_task_launches', {
    account_id: ACCOUNT, event_id: 'launch', event_at: '2026-01-15T08:59:59Z', event_name: 'RunTask', task_key: `${ACCOUNT}/0a1b`,
    task_arn: `arn:aws:ecs:eu-west-1:${ACCOUNT}:task/batch/0a1b`, identity_type: 'AssumedRole', caller_key: 'ASIALAUNCHER00000001', batch_seq: batch,
  }],
];

const COMPLETE = '2026-01-16T00:00:00Z';
const NOT_YET = '2026-01-15T09:30:00Z';

async function stage(db: Database, rows: Rows): Promise<void> {
  for (const [table, row] of rows) await insertRow(db, table, row);
}

/** What is found after each delivery, correlated step by step; the last step is compared with a rebuild from all of them. */
async function foundAfter(...deliveries: readonly Rows[]): Promise<string[][]> {
  const all = async (db: Database): Promise<FindingRow[]> => db.all<FindingRow>('select * from findings order by id');
  const short = (rows: FindingRow[]): string[] => rows.map((row) => `${row.detection} ${row.subject_id} ${row.status}`).sort();
  const [stepwise, rebuilt] = [await openCaseDatabase(packageRoot()), await openCaseDatabase(packageRoot())];
  try {
    const found: string[][] = [];
    let last: FindingRow[] = [];
    for (const delivery of deliveries) {
      if (delivery.some(([table]) => table === 'stg_sources')) await stepwise.run('delete from stg_sources');
      await stage(stepwise, delivery);
      await correlate(stepwise, config);
      await detect({ db: stepwise }, config);
      last = await all(stepwise);
      found.push(short(last));
    }
    for (const delivery of deliveries) {
      if (delivery.some(([table]) => table === 'stg_sources')) await rebuilt.run('delete from stg_sources');
      await stage(rebuilt, delivery);
    }
    await correlate(rebuilt, config, { all: true });
    await detect({ db: rebuilt }, config);
    expect(last).toEqual(await all(rebuilt));
    return found;
  } finally {
    stepwise.close();
    rebuilt.close();
  }
}

const KEY = 'ASIASESSION000000001';

test('session_without_sign_in: provisional, then open once complete, then gone with the late sign-in', async () => {
  const opened = session(KEY, '2026-01-15T09:00:00Z');
  expect(await foundAfter([...sources(NOT_YET), ...opened], sources(COMPLETE), signIn('s1', '2026-01-15T08:59:00Z', ADA, 2))).toEqual([
    // Nor has any sign-in to the token's audience landed: nobody named that application yet.
    [`session_without_sign_in ${KEY} provisional`, `unknown_provider_or_audience ${KEY} provisional`],
    [`session_without_sign_in ${KEY} open`, `unknown_provider_or_audience ${KEY} open`],
    [],
  ]);
});

test('session_outside_token_lifetime: an old sign-in, and gone with a newer one', async () => {
  const opened = [...sources(COMPLETE), ...signIn('s-old', '2026-01-15T03:00:00Z'), ...session(KEY, '2026-01-15T09:00:00Z')];
  expect(await foundAfter(opened, signIn('s-new', '2026-01-15T08:30:00Z', ADA, 2))).toEqual([[`session_outside_token_lifetime ${KEY} open`], []]);
});

test('identity_conflict: a session name with another\'s sign-in, which comes late', async () => {
  const opened = [
    ...sources(COMPLETE), ...signIn('s1', '2026-01-15T08:59:00Z'), ...session(KEY, '2026-01-15T09:00:00Z', { role_session_name: `${BEN}.55555555-5555-4555-8555-555555555555` }),
  ];
  const late = signIn('s2', '2026-01-15T08:58:00Z', BEN, 2).map(([table, row]) => [table, { ...row, token_id: '55555555-5555-4555-8555-555555555555' }] as const);
  expect(await foundAfter(opened, late)).toEqual([[], [`identity_conflict ${KEY} open`]]);
});

test('activity_after_session_expiry: a call in time, then one that is not', async () => {
  const opened = [...sources(COMPLETE), ...signIn('s1', '2026-01-15T08:59:00Z'), ...session(KEY, '2026-01-15T09:00:00Z'), ...call(KEY, 'in-time', '2026-01-15T10:01:00Z')];
  expect(await foundAfter(opened, call(KEY, 'over', '2026-01-15T10:01:01Z', 2))).toEqual([[], ['activity_after_session_expiry over open']]);
});

test('task_without_launcher: provisional, then open once complete, then gone with the late call', async () => {
  const arn = `arn:aws:ecs:eu-west-1:${ACCOUNT}:task/batch/0a1b`;
  expect(await foundAfter([...sources(NOT_YET), ...task], sources(COMPLETE), launch(2))).toEqual([
    [`task_without_launcher ${arn} provisional`], [`task_without_launcher ${arn} open`], [],
  ]);
});
