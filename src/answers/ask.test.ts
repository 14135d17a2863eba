import { hash } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { insertRow, openCaseDatabase } from '../catalog/run-case.ts';
import { configSchema } from '../config/config.ts';
import { packageRoot } from '../core/package-root.ts';
import type { Database, SqlValue } from '../engine/database.ts';
import { correlate } from '../pipeline/correlate.ts';
import type { Activity, Answer } from './answer.ts';
import { ask, type AskOptions } from './ask.ts';
import type { AnswerReader, LandedMember } from './reader.ts';

const ACCOUNT = '111122223333';
const TENANT = '0d1e2f3a-4b5c-4d6e-8f90-a1b2c3d4e5f6';
const APP = '7c9e6679-7425-40de-944b-e07fc1f90ae7';
const OID = '1f0e3dad-9990-4345-b743-9f8ffabdffc4';
const SIGN_IN = 'd5935dca-86f2-4ac9-a42c-3593b00af801';
const KEY = 'ASIAEXAMPLE000000001';
const TASK_KEY_ID = 'ASIAEXAMPLE000000002';
const TASK = '0f9de17a6465404e8b1b2356dc13c2f8';
const TASK_ARN = `arn:aws:ecs:eu-central-1:${ACCOUNT}:task/jobs/${TASK}`;
const OPEN = 'aaaaaaaa-0000-4000-8000-000000000001';
const RUN = 'aaaaaaaa-0000-4000-8000-000000000002';
const TASK_ROLE = 'aaaaaaaa-0000-4000-8000-000000000003';
const CALL = 'aaaaaaaa-0000-4000-8000-000000000004';
const ISSUER = `login.microsoftonline.com/${TENANT}/v2.0`;
const COMPLETE = '2026-01-16T00:00:00Z';

type Row = Record<string, SqlValue>;

let db: Database;
let landed: Map<string, LandedMember>;
let reader: AnswerReader;

beforeEach(async () => {
  db = await openCaseDatabase(packageRoot());
  await db.file(`${packageRoot()}/queries/staging/macros.sql`);
  landed = new Map();
  reader = {
    db,
    landing: {
      readMember: (batchSeq, member) => {
        const found = landed.get(`${batchSeq}/${member}`);
        return found ? Promise.resolve(found) : Promise.reject(new Error(`no member ${batchSeq}/${member}`));
      },
    },
  };
});
afterEach(() => {
  db.close();
});

const sha = (text: string): string => hash('sha256', text, 'hex');

/** A CloudTrail record, with what its own table adds. */
async function event(id: string, at: string, fields: Row, also?: { table: string; fields: Row }): Promise<void> {
  const common = { account_id: ACCOUNT, event_id: id, event_at: at, aws_region: 'eu-central-1', batch_seq: 1, member: 0 };
  await insertRow(db, 'stg_events_new', { ...common, source_rank: 1, identity_type: 'AssumedRole', record_sha256: sha(id), ...fields });
  if (!also) return;
  const { event_source: _source, resource: _resource, ...shared } = fields;
  await insertRow(db, also.table, { ...common, ...pick(shared, also.table), ...also.fields });
}

function pick(fields: Row, table: string): Row {
  const not = table === 'stg_sts_requests' ? ['access_key_id', 'event_type', 'is_read_only'] : ['access_key_id', 'source_ip', 'event_type', 'is_read_only', 'error_code'];
  return Object.fromEntries(Object.entries(fields).filter(([name]) => !not.includes(name)));
}

async function source(name: string, fields: Row = {}): Promise<void> {
  await insertRow(db, 'stg_sources', { source: name, first_at: '2026-01-01T00:00:00Z', complete_through: COMPLETE, records: 10, ...fields });
}

async function allSources(): Promise<void> {
  await source('cloudtrail');
  await source('ecs_events', { complete_through: '2026-01-15T23:00:00Z' });
  for (const kind of ['interactive_user', 'non_interactive_user']) {
    await source('sign_ins', { tenant_id: TENANT, sign_in_kind: kind, complete_through: '2026-01-15T22:00:00Z' });
  }
}

async function signIn(id: string, at: string, fields: Row = {}): Promise<void> {
  await insertRow(db, 'stg_sign_ins', {
    tenant_id: TENANT, sign_in_id: id, created_at: at, sign_in_kind: 'non_interactive_user', is_success: true, error_code: '0',
    object_id: OID, user_id: OID, user_principal_name: 'aiko@example.com', display_name: 'Aiko Ono', app_id: APP, resource_id: APP,
    ip_address: '198.51.100.7', token_id: id, filled_fields: 10, source_form: 'graph_sign_ins', batch_seq: 2, member: 0, record_sha256: sha(id), ...fields,
  });
}

async function webIdentity(key: string, id: string, at: string, fields: Row = {}): Promise<void> {
  await event(
    id,
    at,
    { event_name: 'AssumeRoleWithWebIdentity', event_source: 'sts.amazonaws.com', caller_key: key, identity_type: 'WebIdentityUser', source_ip: '198.51.100.7' },
    {
      table: 'stg_sts_requests',
      fields: {
        issued_key_id: key, expires_at: '2026-01-15T10:02:00Z', role_arn: `arn:aws:iam::${ACCOUNT}:role/Operator`, role_session_name: 'aiko',
        session_arn: `arn:aws:sts::${ACCOUNT}:assumed-role/Operator/aiko`, issued_principal_id: 'AROAEXAMPLE00000001:aiko',
        provider: `arn:aws:iam::${ACCOUNT}:oidc-provider/${ISSUER}`, audience: APP, subject: 'pairwise-1', ...fields,
      },
    },
  );
}

async function runTask(id: string, at: string, key: string, taskId = TASK, fields: Row = {}): Promise<void> {
  const arn = `arn:aws:ecs:eu-central-1:${ACCOUNT}:task/jobs/${taskId}`;
  await event(
    id,
    at,
    { event_name: 'RunTask', event_source: 'ecs.amazonaws.com', caller_key: key, access_key_id: key, source_ip: '198.51.100.7', resource: 'jobs' },
    { table: 'stg_task_launches', fields: { task_key: `${ACCOUNT}/${taskId}`, task_arn: arn, ...fields } },
  );
  await insertRow(db, 'stg_ecs_actions', {
    account_id: ACCOUNT, event_id: id, event_at: at, event_name: 'RunTask', source_ip: '198.51.100.7', caller_key: key, batch_seq: 1, member: 0,
  });
}

async function taskState(taskId: string, fields: Row = {}): Promise<void> {
  await insertRow(db, 'stg_task_events', {
    account_id: ACCOUNT, event_id: `state-${taskId.slice(0, 4)}`, event_at: '2026-01-15T09:05:00Z', task_key: `${ACCOUNT}/${taskId}`,
    task_arn: `arn:aws:ecs:eu-central-1:${ACCOUNT}:task/jobs/${taskId}`, task_version: 3, last_status: 'STOPPED',
    created_at: '2026-01-15T09:03:00Z', source_rank: 3, batch_seq: 3, member: 0, record_sha256: sha(`state-${taskId}`), ...fields,
  });
}

/** Sign-in, session, RunTask, task, its role session and a call of it. */
async function wholeChain(): Promise<void> {
  await allSources();
  await signIn(SIGN_IN, '2026-01-15T09:00:00Z');
  await webIdentity(KEY, OPEN, '2026-01-15T09:02:00Z');
  await db.run('update stg_sts_requests set principal_tags = map {$oid: $object, $uti: $token}', { oid: 'entraoid', object: OID, uti: 'entrauti', token: SIGN_IN });
  await runTask(RUN, '2026-01-15T09:03:00Z', KEY);
  await taskState(TASK);
  await event(
    TASK_ROLE,
    '2026-01-15T09:03:05Z',
    { event_name: 'AssumeRole', event_source: 'sts.amazonaws.com', caller_key: 'service:ecs-tasks.amazonaws.com', identity_type: 'AWSService', invoked_by: 'ecs-tasks.amazonaws.com' },
    { table: 'stg_sts_requests', fields: { issued_key_id: TASK_KEY_ID, role_arn: `arn:aws:iam::${ACCOUNT}:role/JobRole`, role_session_name: TASK } },
  );
  await event(CALL, '2026-01-15T09:04:00Z', { event_name: 'PutObject', event_source: 's3.amazonaws.com', caller_key: TASK_KEY_ID, access_key_id: TASK_KEY_ID });
}

async function answer(id: string, options: AskOptions = {}): Promise<Answer> {
  await db.run('update stg_events_new set event_id_hash = event_id_hash(event_id)');
  await correlate(db, configSchema.parse({}), { all: true });
  const found = await ask(reader, id, options);
  if (found.schema !== 'whoran.answer/1') throw new Error(`${id} answered with ${found.schema}`);
  return found;
}

async function activity(id: string, options: AskOptions = {}): Promise<Activity> {
  await db.run('update stg_events_new set event_id_hash = event_id_hash(event_id)');
  await correlate(db, configSchema.parse({}), { all: true });
  const found = await ask(reader, id, options);
  if (found.schema !== 'whoran.activity/1') throw new Error(`${id} answered with ${found.schema}`);
  return found;
}

const hops = (found: Answer): string[] => found.chain.map((hop) => `${hop.hop} ${hop.method ?? '-'} ${hop.confidence ?? '-'} ${hop.id}`);

describe('a whole chain', () => {
  beforeEach(wholeChain);

  test('from the sign-in to a call of the task', async () => {
    const found = await answer(CALL);
    expect(hops(found)).toEqual([
      `sign_in - - ${SIGN_IN}`,
      `session signed_tag proved ${KEY}`,
      `action access_key proved ${RUN}`,
      `task run_task proved ${TASK_ARN}`,
      `task_session task_session_name proved ${TASK_KEY_ID}`,
      `call access_key proved ${CALL}`,
    ]);
    expect(found).toMatchObject({
      schema: 'whoran.answer/1',
      asked: CALL,
      as_of: '2026-01-15T22:00:00Z',
      known_at: null,
      subject: { kind: 'event', id: CALL },
      who: { kind: 'person', tenant_id: TENANT, object_id: OID, name: 'Aiko Ono', issuer: `https://${ISSUER}`, subject: 'pairwise-1' },
      how: 'ran',
      confidence: 'proved',
      identity: { method: 'signed_tag' },
      sign_in: { grade: 'exact', id: SIGN_IN },
      reason: null,
      candidates: [],
      other_ids: [],
    });
    expect(found.sentence).toBe(
      `Aiko Ono (object id 1f0e3dad…) called PutObject (event ${CALL}) at 2026-01-15T09:04:00Z: proved by signed_tag, sign-in exact.`,
    );
  });

  test('every hop has its evidence, with the SHA-256 of the landed record', async () => {
    const found = await answer(CALL);
    expect(found.chain.map((hop) => hop.evidence)).toEqual([
      [{ source: 'sign_ins', record_id: SIGN_IN, sha256: sha(SIGN_IN) }],
      [{ source: 'cloudtrail', record_id: OPEN, sha256: sha(OPEN) }],
      [{ source: 'cloudtrail', record_id: RUN, sha256: sha(RUN) }],
      [
        { source: 'cloudtrail', record_id: RUN, sha256: sha(RUN) },
        { source: 'ecs_events', record_id: `state-0f9d`, sha256: sha(`state-${TASK}`) },
      ],
      [{ source: 'cloudtrail', record_id: TASK_ROLE, sha256: sha(TASK_ROLE) }],
      [{ source: 'cloudtrail', record_id: CALL, sha256: sha(CALL) }],
    ]);
  });

  test.each([
    ['its ARN', TASK_ARN],
    ['its bare id', TASK],
    ['its id with dashes', '0f9de17a-6465-404e-8b1b-2356dc13c2f8'],
    ['its log stream', `nightly/app/${TASK}`],
    ['its account and id', `${ACCOUNT}/${TASK}`],
    ['the event id of its state change', 'state-0f9d'],
  ])('the task by %s', async (_name, id) => {
    const found = await answer(id);
    expect(found).toMatchObject({ asked: id, subject: { kind: 'task', id: TASK_ARN }, who: { object_id: OID }, how: 'ran', confidence: 'proved' });
    expect(hops(found)).toHaveLength(4);
    expect(found.as_of).toBe('2026-01-15T22:00:00Z');
    expect(found.sentence).toBe(`Aiko Ono (object id 1f0e3dad…) ran task ${TASK} on cluster jobs at 2026-01-15T09:03:00Z: proved by signed_tag, sign-in exact.`);
  });

  test('the call that opened the session is answered for the token, the session a hop', async () => {
    expect(hops(await answer(OPEN))).toEqual([`sign_in - - ${SIGN_IN}`, `session signed_tag proved ${KEY}`, `action access_key proved ${OPEN}`]);
  });

  test('AssumeRole by an AWS service is the service\'s', async () => {
    const found = await answer(TASK_ROLE);
    expect(found).toMatchObject({
      who: { kind: 'aws_service', name: 'ecs-tasks.amazonaws.com', object_id: null },
      how: 'ran', confidence: 'proved', identity: { method: 'aws_service' }, reason: 'aws_service', sign_in: { grade: 'none', id: null },
      as_of: COMPLETE,
    });
    expect(hops(found)).toEqual([`action - - ${TASK_ROLE}`]);
  });

  test('an addendum\'s own id means the record that it amends', async () => {
    await insertRow(db, 'stg_addenda', {
      account_id: ACCOUNT, event_id: 'addendum-1', event_at: '2026-01-15T12:00:00Z', reason: 'UPDATED_DATA', original_event_id: CALL, batch_seq: 1, member: 0,
    });
    expect(await answer('addendum-1')).toMatchObject({ asked: 'addendum-1', subject: { kind: 'event', id: CALL }, who: { object_id: OID } });
  });

  test('an identity, by object id and by name, whatever its case', async () => {
    const byId = await activity(OID);
    expect(byId).toMatchObject({
      subject: { kind: 'identity', id: OID },
      who: { kind: 'person', name: 'Aiko Ono' },
      sessions: [
        { id: KEY, role_arn: `arn:aws:iam::${ACCOUNT}:role/Operator`, from: '2026-01-15T09:02:00Z', to: '2026-01-15T10:02:00Z', confidence: 'proved', how: 'ran' },
      ],
      actions: [{ id: RUN, name: 'RunTask', resource: 'jobs' }, { id: OPEN }],
      tasks: [{ id: TASK_ARN, at: '2026-01-15T09:03:00Z', how: 'ran' }],
      totals: { sign_ins: 1, sessions: 1, actions: 2, tasks: 1 },
      as_of: '2026-01-15T22:00:00Z',
    });
    expect(byId.sentence).toBe('Aiko Ono (object id 1f0e3dad…): 1 sign-in, 1 session, 2 calls, 1 task.');
    const byName = await activity('AIKO@example.com');
    expect({ ...byName, asked: OID }).toEqual(byId);
  });

  test('a limit shortens the lists and not the totals; a period shortens both', async () => {
    const first = await activity(OID, { limit: 1 });
    expect(first.actions.map((action) => action.id)).toEqual([RUN]);
    expect(first.totals).toEqual({ sign_ins: 1, sessions: 1, actions: 2, tasks: 1 });
    const part = await activity(OID, { from: new Date('2026-01-15T09:03:00Z'), to: new Date('2026-01-15T09:04:00Z') });
    expect(part.actions.map((action) => action.id)).toEqual([RUN]);
    expect(part.totals).toEqual({ sign_ins: 0, sessions: 1, actions: 1, tasks: 1 });
  });

  test('an address matches sign-ins, sessions opened, calls and launches', async () => {
    expect(await activity('198.51.100.7')).toMatchObject({
      subject: { kind: 'address', id: '198.51.100.7' },
      who: null,
      sign_ins: [{ id: SIGN_IN, object_id: OID, name: 'Aiko Ono' }],
      sessions: [{ id: KEY }],
      actions: [{ id: RUN }, { id: OPEN }],
      tasks: [{ id: TASK_ARN }],
    });
  });
});

describe('which session', () => {
  beforeEach(async () => {
    await allSources();
    await webIdentity('ASIAEXAMPLE00000000A', 'open-a', '2026-01-15T08:00:00Z', { expires_at: '2026-01-15T09:00:00Z' });
    await webIdentity('ASIAEXAMPLE00000000B', 'open-b', '2026-01-15T10:00:00Z', { expires_at: '2026-01-15T11:00:00Z' });
  });
  const arn = `arn:aws:sts::${ACCOUNT}:assumed-role/Operator/aiko`;

  test('a session ARN means the latest; the others are listed', async () => {
    expect(await answer(arn)).toMatchObject({ subject: { kind: 'session', id: 'ASIAEXAMPLE00000000B' }, other_ids: ['ASIAEXAMPLE00000000A'] });
  });

  test('or the one alive at a time', async () => {
    const at = new Date('2026-01-15T08:30:00Z');
    expect(await answer(arn, { at })).toMatchObject({ subject: { id: 'ASIAEXAMPLE00000000A' }, other_ids: ['ASIAEXAMPLE00000000B'] });
    expect(await answer(arn, { at: new Date('2026-01-15T09:30:00Z') })).toMatchObject({ reason: 'not_seen' });
  });

  test('an unmapped subject names its tenant and nobody', async () => {
    const found = await answer('ASIAEXAMPLE00000000A');
    expect(found).toMatchObject({
      who: { kind: 'unknown', tenant_id: TENANT, object_id: null, subject: 'pairwise-1' },
      how: 'ran', confidence: 'none', identity: { method: null }, sign_in: { grade: 'none', id: null }, reason: 'subject_unmapped', is_provisional: false,
    });
    expect(hops(found)).toEqual(['session - none ASIAEXAMPLE00000000A']);
    expect(found.sentence).toContain("It can't be said who held session ASIAEXAMPLE00000000A at 2026-01-15T08:00:00Z: ");
    expect(found.sentence).toContain('(subject_unmapped).');
  });
});

describe('where there is no answer', () => {
  test('an id that nothing mentions: what was searched, and through when', async () => {
    await allSources();
    const found = await answer(TASK);
    expect(found).toMatchObject({
      subject: { kind: 'task', id: TASK }, who: { kind: 'unknown' }, how: null, confidence: 'none', reason: 'not_seen', chain: [], as_of: '2026-01-15T22:00:00Z',
    });
    expect(found.searched).toHaveLength(4);
    expect(found.sentence).toBe(
      `Nothing landed mentions ${TASK}: searched CloudTrail through 2026-01-16T00:00:00Z, ECS events through 2026-01-15T23:00:00Z, Entra sign-ins through 2026-01-15T22:00:00Z.`,
    );
  });

  test('nothing landed at all is said', async () => {
    expect(await answer('198.51.100.9')).toMatchObject({ subject: { kind: 'address' }, reason: 'not_seen', as_of: null, sentence: 'Nothing landed mentions 198.51.100.9: nothing is landed yet.' });
  });

  test('a task without a launcher is provisional until CloudTrail has settled', async () => {
    await source('cloudtrail', { complete_through: '2026-01-15T10:00:00Z' });
    await source('ecs_events');
    await taskState(TASK);
    const found = await answer(TASK);
    expect(found).toMatchObject({
      how: null, reason: 'launcher_missing', is_provisional: true, provisional_until: '2026-01-15T11:03:00Z', as_of: '2026-01-15T10:00:00Z', who: { kind: 'unknown' },
    });
    expect(hops(found)).toEqual([`task - - ${TASK_ARN}`]);
  });

  test('a key that no landed record issues', async () => {
    await source('cloudtrail');
    await event(CALL, '2026-01-15T09:04:00Z', { event_name: 'ListTasks', caller_key: KEY, access_key_id: KEY, principal_id: 'AROAEXAMPLE00000001:aiko' });
    const found = await answer(CALL);
    expect(found).toMatchObject({ reason: 'session_origin_missing', who: { kind: 'unknown' }, confidence: 'none' });
    expect(hops(found)).toEqual([`session - none ${KEY}`, `action access_key proved ${CALL}`]);
    expect(found.chain[0]?.evidence).toEqual([]);
    expect(await answer(KEY)).toMatchObject({ subject: { kind: 'session', id: KEY }, reason: 'session_origin_missing' });
  });

  test('several sessions with one principal and second: they are the candidates', async () => {
    await source('cloudtrail');
    await webIdentity('ASIAEXAMPLE00000000A', 'open-a', '2026-01-15T08:00:00Z');
    await webIdentity('ASIAEXAMPLE00000000B', 'open-b', '2026-01-15T08:00:00Z');
    await event(CALL, '2026-01-15T09:04:00Z', {
      event_name: 'ListTasks', caller_key: 'AROAEXAMPLE00000001:aiko@2026-01-15T08:00:00Z', principal_id: 'AROAEXAMPLE00000001:aiko', session_created_at: '2026-01-15T08:00:00Z',
    });
    const found = await answer(CALL);
    expect(found.reason).toBe('session_origin_missing');
    expect(found.candidates.map((candidate) => ('session_id' in candidate ? candidate.session_id : '')).sort()).toEqual(['ASIAEXAMPLE00000000A', 'ASIAEXAMPLE00000000B']);
  });
});

describe('one id in two accounts', () => {
  test('a task: the lower account, the other listed', async () => {
    await source('cloudtrail');
    await taskState(TASK);
    const other = `arn:aws:ecs:eu-central-1:444455556666:task/jobs/${TASK}`;
    await taskState(TASK, { account_id: '444455556666', task_key: `444455556666/${TASK}`, task_arn: other });
    expect(await answer(TASK)).toMatchObject({ subject: { id: TASK_ARN }, other_ids: [other] });
    expect(await answer(other)).toMatchObject({ subject: { id: other }, other_ids: [] });
  });

  test('an event: the lower account, the other listed and askable', async () => {
    await source('cloudtrail');
    await event(CALL, '2026-01-15T09:04:00Z', { event_name: 'ListTasks', caller_key: 'root:111122223333', identity_type: 'Root' });
    await event(CALL, '2026-01-15T09:04:00Z', { account_id: '444455556666', event_name: 'StopTask', caller_key: 'root:444455556666', identity_type: 'Root' });
    const found = await answer(CALL);
    expect(found.chain[0]?.detail).toMatchObject({ account_id: ACCOUNT, event_name: 'ListTasks' });
    expect(found.other_ids).toEqual([`444455556666/${CALL}`]);
    expect((await answer(`444455556666/${CALL}`)).chain[0]?.detail).toMatchObject({ account_id: '444455556666', event_name: 'StopTask' });
  });
});

describe('evidence out of the landed bytes', () => {
  const record = (extra: string): string => `{"eventVersion":"1.11","eventID":"${CALL}","eventName":"ListTasks"${extra}}`;

  beforeEach(async () => {
    await source('cloudtrail');
    await event(CALL, '2026-01-15T09:04:00Z', { event_name: 'ListTasks', caller_key: 'root:111122223333', identity_type: 'Root', record_sha256: null });
    landed.set('1/0', { bytes: Buffer.from(`{"Records":[${record('')}]}`), origin: 'a.json.gz' });
  });
  const evidence = async (): Promise<unknown> => (await answer(CALL)).chain[0]?.evidence;

  test('a record of a trail object is cut out and hashed', async () => {
    expect(await evidence()).toEqual([{ source: 'cloudtrail', record_id: CALL, sha256: sha(record('')) }]);
  });

  test('of two copies of the best source the least hash counts, and a worse source never', async () => {
    landed.set('7/0', { bytes: Buffer.from(`{"Records":[${record(',"x":1')}]}`), origin: 'b.json.gz' });
    const copy = { account_id: ACCOUNT, event_id: CALL, event_at: '2026-01-15T09:04:00Z', member: 0 };
    await insertRow(db, 'stg_event_copies', { ...copy, source_rank: 1, batch_seq: 7, record_sha256: null });
    await insertRow(db, 'stg_event_copies', { ...copy, source_rank: 5, batch_seq: 8, record_sha256: '0'.repeat(64) });
    const least = [sha(record('')), sha(record(',"x":1'))].sort()[0];
    expect(await evidence()).toEqual([{ source: 'cloudtrail', record_id: CALL, sha256: least }]);
  });
});

test('hostile text is inert in the sentence and unchanged in the fields', async () => {
  await wholeChain();
  const name = 'Eve\u202e\u001b[31m\nadmin';
  await db.run('update stg_sign_ins set display_name = $name', { name });
  const found = await answer(TASK);
  expect(found.who.name).toBe(name);
  expect(found.sentence).toMatch(/^Eve\\u202e\\u001b\[31m\\nadmin \(object id/);
});

test.each([
  ['SQL', "'; drop table stg_events_new; --"],
  ['a parameter', '$event_id'],
  ['a pattern', '%'],
  ['nothing', ''],
  ['a path', '../../etc/passwd'],
  ['very long text', 'x'.repeat(10_000)],
  ['a NUL', '\u0000'],
])('%s is only an id', async (_name, id) => {
  await wholeChain();
  expect(await answer(id)).toMatchObject({ reason: 'not_seen' });
  expect(await db.get('select count(*) as n from stg_events_new')).toEqual({ n: 4 });
});
