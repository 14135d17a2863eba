/**
 * The hops of ATTRIBUTION §2 beyond the token: role chains, keyless callers, cross-account halves, tasks and whoever started
 * or configured them, and callers that no sign-in stands behind.
 */
import { describe, expect, test } from 'vitest';
import {
  ACCOUNT, ADA, chained, event, sessionOf, signIn, sources, sts, taskOf, webIdentity, type StagedRow,
} from './staged-rows.ts';

const ROOT = 'ASIAROOT000000000001';
const CHILD = 'ASIACHILD00000000001';
const AT = '2026-01-15T09:00:00Z';
const TASK_ID = '0f1e2d3c4b5a69788796a5b4c3d2e1f0';
const TASK = `${ACCOUNT}/${TASK_ID}`;
const ARN = `arn:aws:ecs:eu-central-1:${ACCOUNT}:task/prod/${TASK_ID}`;

const adaRoot = [...sources(), signIn('s1', '2026-01-15T08:58:00Z'), ...webIdentity(ROOT, AT, { principal_tags: `{entraoid=${ADA}}`, issued_principal_id: 'AROAROOT:ada' })];

/** A task's state change, with startedBy where given. */
const task = (fields: Record<string, string> = {}): StagedRow => [
  'stg_task_events',
  { account_id: ACCOUNT, event_id: 'e1', event_at: '2026-01-15T09:10:00Z', task_key: TASK, task_arn: ARN, cluster_arn: `arn:aws:ecs:eu-central-1:${ACCOUNT}:cluster/prod`, created_at: '2026-01-15T09:10:00Z', task_version: 1, batch_seq: 1, ...fields },
];

const launch = (caller: string, fields: Record<string, string> = {}): StagedRow[] => [
  event('run', '2026-01-15T09:09:59Z', caller, { event_name: 'RunTask' }),
  ['stg_task_launches', { account_id: ACCOUNT, event_id: 'run', event_at: '2026-01-15T09:09:59Z', event_name: 'RunTask', task_key: TASK, task_arn: ARN, aws_region: 'eu-central-1', caller_key: caller, batch_seq: 1, ...fields }],
];

const configurer = (kind: string, name: string, at = '2026-01-15T09:05:00Z'): StagedRow[] => [
  event(`${kind}-${name}`, at, ROOT),
  ['stg_configurers', { account_id: ACCOUNT, event_id: `${kind}-${name}`, event_at: at, event_name: kind, aws_region: 'eu-central-1', kind, name, caller_key: ROOT, batch_seq: 1 }],
];

describe('sessions', () => {
  test('role_chain: three deep, to one person', async () => {
    const rows = [...adaRoot, ...chained(CHILD, '2026-01-15T09:01:00Z', ROOT), ...chained('ASIACHILD00000000002', '2026-01-15T09:02:00Z', CHILD)];
    expect(await sessionOf('ASIACHILD00000000002', rows)).toMatchObject({ who_object_id: ADA, depth: 2, root_session_id: ROOT, upstream_method: 'role_chain', confidence: 'proved', reason: null });
  });

  test('a cycle of keys is cut, and says that its origin is missing', async () => {
    const rows = [...sources(), ...chained('ASIACYCLE00000000001', AT, 'ASIACYCLE00000000002'), ...chained('ASIACYCLE00000000002', AT, 'ASIACYCLE00000000001')];
    expect(await sessionOf('ASIACYCLE00000000001', rows)).toMatchObject({ who_kind: 'unknown', confidence: 'none', reason: 'session_origin_missing', root_session_id: null });
  });

  const keyless = event('k1', '2026-01-15T09:20:00Z', `AROAROOT:ada@${AT}`, { principal_id: 'AROAROOT:ada', session_created_at: AT, identity_type: 'AssumedRole' });
  test('principal_and_creation: exactly one landed session has both, else none is picked', async () => {
    const child = sts(CHILD, '2026-01-15T09:20:00Z', 'AssumeRole', { identity_type: 'AssumedRole', caller_key: `AROAROOT:ada@${AT}` });
    const rows = [...adaRoot, keyless, ...child];
    expect(await sessionOf(CHILD, rows)).toMatchObject({ who_object_id: ADA, upstream_method: 'principal_and_creation', confidence: 'proved' });
    const twin = webIdentity('ASIAROOT000000000002', AT, { issued_principal_id: 'AROAROOT:ada' });
    expect(await sessionOf(CHILD, [...rows, ...twin])).toMatchObject({ who_kind: 'unknown', reason: 'session_origin_missing' });
  });

  test('the target\'s half alone: the one session alive then with that principalId, inferred', async () => {
    const half = sts(CHILD, '2026-01-15T09:30:00Z', 'AssumeRole', { identity_type: 'AWSAccount', principal_id: 'AROAROOT:ada', caller_key: 'other:AWSAccount/AROAROOT:ada' });
    expect(await sessionOf(CHILD, [...adaRoot, ...half])).toMatchObject({ who_object_id: ADA, upstream_method: 'role_chain_by_principal', confidence: 'inferred' });
    const late = sts(CHILD, '2026-01-15T11:30:00Z', 'AssumeRole', { identity_type: 'AWSAccount', principal_id: 'AROAROOT:ada', caller_key: 'other:AWSAccount/AROAROOT:ada' });
    expect(await sessionOf(CHILD, [...adaRoot, ...late])).toMatchObject({ reason: 'session_origin_missing' });
  });

  const callers: [id: string, kind: string, reason: string, rows: StagedRow[]][] = [
    ['AKIAUSER000000000001', 'iam_user', 'long_lived_key', [event('x', AT, 'AKIAUSER000000000001', { identity_type: 'IAMUser', identity_user_name: 'deploy' })]],
    ['ASIAUSER000000000001', 'iam_user', 'iam_user', [event('x', AT, 'ASIAUSER000000000001', { identity_type: 'IAMUser', identity_user_name: 'deploy' })]],
    [`root:${ACCOUNT}`, 'root', 'root', [event('x', AT, `root:${ACCOUNT}`, { identity_type: 'Root' })]],
    ['service:ecs.amazonaws.com', 'aws_service', 'aws_service', [event('x', AT, 'service:ecs.amazonaws.com', { identity_type: 'AWSService', invoked_by: 'ecs.amazonaws.com' })]],
    ['ASIALOST000000000001', 'unknown', 'session_origin_missing', [event('x', AT, 'ASIALOST000000000001', { identity_type: 'AssumedRole' })]],
    ['ASIALAMBDA0000000001', 'workload', 'compute_role', sts('ASIALAMBDA0000000001', AT, 'AssumeRole', { identity_type: 'AWSService', invoked_by: 'lambda.amazonaws.com', caller_key: 'service:lambda.amazonaws.com' })],
    ['ASIASERVICE000000001', 'aws_service', 'aws_service', sts('ASIASERVICE000000001', AT, 'AssumeRole', { identity_type: 'AWSService', invoked_by: 'autoscaling.amazonaws.com', caller_key: 'service:autoscaling.amazonaws.com', role_arn: `arn:aws:iam::${ACCOUNT}:role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling` })],
    [CHILD, 'iam_user', 'long_lived_key', [event('x', AT, 'AKIAUSER000000000001', { identity_type: 'IAMUser' }), ...chained(CHILD, AT, 'AKIAUSER000000000001', { identity_type: 'IAMUser' })]],
  ];
  test.each(callers)('%s is %s: %s', async (id, kind, reason, rows) => {
    expect(await sessionOf(id, [...sources(), ...rows])).toMatchObject({ who_kind: kind, reason, is_traced: false });
  });
});

describe('tasks', () => {
  test('run_task wins over a forged startedBy', async () => {
    const rows = [...adaRoot, task({ started_by: 'ecs-svc/1' }), ...launch(ROOT, { started_by: 'ecs-svc/1' }), ...configurer('deployment', 'ecs-svc/1')];
    expect(await taskOf(TASK, rows)).toMatchObject({ who_object_id: ADA, how: 'ran', method: 'run_task', confidence: 'proved', is_traced: true, cluster_name: 'prod' });
  });

  const configured: [startedBy: string, kind: string, name: string, confidence: string][] = [
    ['ecs-svc/1', 'deployment', 'ecs-svc/1', 'proved'],
    ['events-rule/nightly', 'rule_target', 'nightly', 'proved'],
    ['chronos-schedule/nightly', 'schedule', 'nightly', 'proved'],
    ['chronos-schedule/gold-coast-data-lak', 'schedule', 'gold-coast-data-lake-load', 'inferred'],
    ['AWS Step Functions', 'execution', 'arn:aws:states:eu-central-1:111122223333:stateMachine:etl', 'inferred'],
  ];
  test.each(configured)('%s is configured, not ran', async (startedBy, kind, name, confidence) => {
    const rows = [...adaRoot, task({ started_by: startedBy }), ...configurer(kind, name)];
    expect(await taskOf(TASK, rows)).toMatchObject({ who_object_id: ADA, how: 'configured', confidence, reason: null, is_traced: false });
  });

  test('a deployment is inferred until CloudTrail is complete through the start and settle', async () => {
    const rows = [...sources('2026-01-15T10:00:00Z'), ...adaRoot.slice(sources().length), task({ started_by: 'ecs-svc/1' }), ...configurer('deployment', 'ecs-svc/1')];
    expect(await taskOf(TASK, rows)).toMatchObject({ how: 'configured', confidence: 'inferred', is_provisional: true });
  });

  test('two schedules fit a name that is cut: neither is picked', async () => {
    const rows = [...adaRoot, task({ started_by: 'chronos-schedule/gold-coast-data-lak' }), ...configurer('schedule', 'gold-coast-data-lake-load'), ...configurer('schedule', 'gold-coast-data-lake-scan')];
    expect(await taskOf(TASK, rows)).toMatchObject({ reason: 'configurer_missing', confidence: 'none', who_kind: 'unknown' });
  });

  test('Step Functions\' own RunTask leads on to the one StartExecution of the quarter of an hour before', async () => {
    const machine = sts('ASIAMACHINE000000001', '2026-01-15T09:09:00Z', 'AssumeRole', { identity_type: 'AWSService', invoked_by: 'states.amazonaws.com', caller_key: 'service:states.amazonaws.com' });
    const rows = [...adaRoot, task(), ...machine, ...launch('ASIAMACHINE000000001', { invoked_by: 'states.amazonaws.com' }), ...configurer('execution', 'etl')];
    expect(await taskOf(TASK, rows)).toMatchObject({ who_object_id: ADA, how: 'configured', method: 'scheduler', confidence: 'inferred' });
  });

  test('nobody starts it: launcher_missing, provisional until CloudTrail is complete', async () => {
    expect(await taskOf(TASK, [...adaRoot, task({ started_by: 'ad-hoc' })])).toMatchObject({ reason: 'launcher_missing', how: null, is_provisional: false });
    expect(await taskOf(TASK, [...sources('2026-01-15T10:00:00Z'), task()])).toMatchObject({ reason: 'launcher_missing', is_provisional: true });
  });

  test('a task that a task starts: the chain goes on through the role session, and configured stays configured', async () => {
    const role = sts('ASIATASK000000000001', '2026-01-15T09:10:30Z', 'AssumeRole', { identity_type: 'AWSService', invoked_by: 'ecs-tasks.amazonaws.com', caller_key: 'service:ecs-tasks.amazonaws.com', role_session_name: TASK_ID });
    const second = `${ACCOUNT}/aaaabbbbccccddddeeeeffff00001111`;
    const inner: StagedRow[] = [
      event('run2', '2026-01-15T09:11:00Z', 'ASIATASK000000000001'),
      ['stg_task_launches', { account_id: ACCOUNT, event_id: 'run2', event_at: '2026-01-15T09:11:00Z', event_name: 'RunTask', task_key: second, task_arn: `${ARN}2`, caller_key: 'ASIATASK000000000001', batch_seq: 1 }],
    ];
    expect(await taskOf(second, [...adaRoot, task(), ...launch(ROOT), ...role, ...inner])).toMatchObject({ who_object_id: ADA, how: 'ran', confidence: 'proved', reason: null });
    expect(await taskOf(second, [...adaRoot, task({ started_by: 'ecs-svc/1' }), ...configurer('deployment', 'ecs-svc/1'), ...role, ...inner])).toMatchObject({ who_object_id: ADA, how: 'configured', is_traced: false });
    expect(await taskOf(TASK, [...sources(), ...role])).toMatchObject({ task_arn: null, reason: 'launcher_missing' });
  });
});
