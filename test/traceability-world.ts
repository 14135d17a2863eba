/**
 * A small fixed world for the traceability report, filled in by hand below correlation: one row for each outcome, kind and
 * form of evidence, and values that hope to be run. Its CloudTrail records lie in one landed object, to be hashed from there.
 */
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import type { AnswerReader } from '../src/answers/reader.ts';
import { openCaseDatabase } from '../src/catalog/run-case.ts';
import { packageRoot } from '../src/core/package-root.ts';
import type { Database, SqlParameter } from '../src/engine/database.ts';

export const PERIOD = { from: new Date('2026-01-12T00:00:00Z'), to: new Date('2026-01-19T00:00:00Z') };
export const ACCOUNT = '111122223333';
export const OTHER_ACCOUNT = '444455556666';
export const TENANT = '0b1f6b0a-4d0e-4c55-9d3f-2a6d5b8c7e10';
/** Names that people chose: markup, a formula, a terminal escape and a bidirectional override. */
export const MARKUP_NAME = `<img src=x onerror="alert('x')">&amp;`;
export const FORMULA_NAME = ' =HYPERLINK("https://example.com/?"&A1,"open")';
export const HIDDEN_NAME = '\u001b[2Jroot\u202egnp.exe\u200b';

type Fields = Record<string, SqlParameter>;

const AIKO = '11111111-aaaa-4aaa-8aaa-000000000001';
const BEN = '11111111-aaaa-4aaa-8aaa-000000000002';
const CARLA = '11111111-aaaa-4aaa-8aaa-000000000003';
const DEPLOYER = '22222222-bbbb-4bbb-8bbb-000000000001';
const MALLORY = '33333333-cccc-4ccc-8ccc-000000000001';
const at = (day: number, time: string): string => `2026-01-${String(day).padStart(2, '0')}T${time}Z`;
const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

/** The records of the landed object: their ids, as the report names them. */
const landed: { eventID: string; eventName: string; eventTime: string }[] = [];

class World {
  readonly db: Database;

  constructor(db: Database) {
    this.db = db;
  }

  async insert(table: string, fields: Fields): Promise<void> {
    // Columns are named by this file; values are bound.
    await this.db.run(`insert into ${table} by name select ${Object.keys(fields).map((name) => `$${name} as ${name}`).join(', ')}`, fields);
  }

  /** A CloudTrail record, landed and staged, and an ECS action unless `source` says otherwise. */
  async call(id: string, when: string, name: string, callerKey: string, fields: Fields & { source?: string } = {}): Promise<void> {
    const { source = 'ecs.amazonaws.com', cluster_name: cluster, error_code: error, is_read_only: isReadOnly, ...rest } = fields;
    landed.push({ eventID: id, eventName: name, eventTime: when });
    const common = { account_id: ACCOUNT, event_id: id, event_at: when, event_name: name, caller_key: callerKey, batch_seq: 1, member: 0, ...rest };
    await this.insert('stg_events_new', { ...common, event_source: source, source_rank: 1 });
    if (source !== 'ecs.amazonaws.com') return;
    await this.insert('stg_ecs_actions', { ...common, is_read_only: isReadOnly ?? false, cluster_name: cluster ?? 'batch-prod', error_code: error ?? null });
  }

  /** A session with its STS record and itself as its caller. */
  async session(id: string, openedAt: string, fields: Fields): Promise<void> {
    const isIssued = fields['is_issued'] ?? true;
    const eventId = `sts-${id}`;
    if (isIssued === true) {
      await this.call(eventId, openedAt, 'AssumeRoleWithWebIdentity', id, { source: 'sts.amazonaws.com' });
      await this.insert('stg_sts_requests', {
        account_id: ACCOUNT, event_id: eventId, event_at: openedAt, event_name: 'AssumeRoleWithWebIdentity', caller_key: id, source_rank: 1, batch_seq: 1, member: 0,
      });
    }
    await this.insert('cor_sessions', {
      session_id: id, session_kind: 'web_identity', is_issued: isIssued, account_id: ACCOUNT, opened_at: openedAt,
      opened_by_account_id: isIssued === true ? ACCOUNT : null, opened_by_event_id: isIssued === true ? eventId : null,
      who_kind: 'person', who_tenant_id: TENANT, tenant_id: TENANT, identity_session_id: id, identity_confidence: 'proved', confidence: 'proved', how: 'ran',
      sign_in_grade: 'none', is_provisional: false, is_traced: false, ...fields,
    });
    await this.insert('cor_callers', { caller_key: id, session_id: id, session_method: 'access_key', first_used_at: openedAt, last_used_at: openedAt, calls: 1 });
  }

  async identity(objectId: string, name: string, kind = 'person'): Promise<void> {
    await this.insert('cor_identities', { tenant_id: TENANT, object_id: objectId, kind, name });
  }

  async signIn(id: string, when: string, objectId: string, kind = 'non_interactive_user'): Promise<void> {
    await this.insert('cor_sign_ins', {
      tenant_id: TENANT, sign_in_id: id, created_at: when, sign_in_kind: kind, is_success: true, object_id: objectId,
      filled_fields: 30, source_form: 'graph_sign_ins', batch_seq: 2, member: 0, record_number: 1, record_sha256: sha256(id),
    });
  }

  async task(id: string, when: string, fields: Fields): Promise<void> {
    const arn = `arn:aws:ecs:eu-central-1:${ACCOUNT}:task/batch-prod/${id}`;
    await this.insert('cor_task_launchers', {
      task_key: `${ACCOUNT}/${id}`, account_id: ACCOUNT, task_arn: arn, cluster_name: 'batch-prod',
      task_definition_arn: `arn:aws:ecs:eu-central-1:${ACCOUNT}:task-definition/nightly-export:7`, task_at: when, confidence: 'proved', is_provisional: false, ...fields,
    });
    if (typeof fields['launch_event_id'] === 'string') {
      await this.insert('stg_task_launches', {
        account_id: ACCOUNT, event_id: fields['launch_event_id'], event_at: when, event_name: 'RunTask', task_key: `${ACCOUNT}/${id}`, task_arn: arn,
        caller_key: fields['launch_caller_key'] ?? '', batch_seq: 1, member: 0,
      });
    }
    await this.insert('stg_task_events', {
      account_id: ACCOUNT, event_id: `state-${id}`, event_at: when, task_key: `${ACCOUNT}/${id}`, task_arn: arn, task_version: 3, last_status: 'STOPPED',
      source_rank: 3, batch_seq: 3, member: 0, record_number: 1, record_sha256: sha256(`state-${id}`),
    });
  }
}

async function fill(world: World): Promise<void> {
  await world.identity(AIKO, 'Aiko Tanaka');
  await world.identity(BEN, 'Ben Okafor');
  await world.identity(CARLA, MARKUP_NAME);
  await world.identity(DEPLOYER, 'svc-deployer', 'workload');
  await world.identity(MALLORY, FORMULA_NAME);

  // Proved by a signed tag; runs a task, which she stops again.
  await world.signIn('5e55a1b2-0000-4000-8000-000000000001', at(13, '08:55:10'), AIKO);
  await world.session('ASIAAIKOAAAAAAAAAAAA', at(13, '09:00:00'), {
    who_object_id: AIKO, identity_method: 'signed_tag', sign_in_grade: 'exact', sign_in_id: '5e55a1b2-0000-4000-8000-000000000001', is_traced: true,
    role_arn: `arn:aws:iam::${ACCOUNT}:role/jobs`,
  });
  await world.call('a0000000-0000-4000-8000-000000000001', at(13, '09:01:12'), 'RunTask', 'ASIAAIKOAAAAAAAAAAAA');
  await world.task('0123456789abcdef0123456789abcdef', at(13, '09:01:12'), {
    how: 'ran', method: 'run_task', launch_account_id: ACCOUNT, launch_event_id: 'a0000000-0000-4000-8000-000000000001',
    launch_caller_key: 'ASIAAIKOAAAAAAAAAAAA', launcher_caller_key: 'ASIAAIKOAAAAAAAAAAAA',
  });
  await world.call('a0000000-0000-4000-8000-000000000002', at(13, '09:40:00'), 'StopTask', 'ASIAAIKOAAAAAAAAAAAA');
  // The task's own role updates a service: the chain goes on through it.
  await world.session('ASIATASKROLEAAAAAAAA', at(13, '09:02:00'), {
    session_kind: 'task_role', who_object_id: AIKO, identity_method: 'signed_tag', identity_session_id: 'ASIAAIKOAAAAAAAAAAAA', sign_in_grade: 'exact',
    sign_in_id: '5e55a1b2-0000-4000-8000-000000000001', is_traced: true, upstream_session_id: 'ASIAAIKOAAAAAAAAAAAA',
    upstream_task_key: `${ACCOUNT}/0123456789abcdef0123456789abcdef`, upstream_method: 'task_session_name', upstream_confidence: 'proved',
  });
  await world.call('a0000000-0000-4000-8000-000000000003', at(13, '09:05:30'), 'UpdateService', 'ASIATASKROLEAAAAAAAA');

  // Asserted by a session name; which of two sign-ins is open.
  await world.session('ASIABENAAAAAAAAAAAAA', at(14, '10:00:00'), {
    who_object_id: BEN, identity_method: 'session_name', identity_confidence: 'asserted', confidence: 'asserted', sign_in_grade: 'ambiguous',
    reason: 'ambiguous_sign_in', is_traced: true,
  });
  await world.call('b0000000-0000-4000-8000-000000000001', at(14, '10:03:00'), 'ExecuteCommand', 'ASIABENAAAAAAAAAAAAA');

  // Inferred, under a name that hopes to be markup.
  await world.signIn('5e55a1b2-0000-4000-8000-000000000003', at(14, '11:50:00'), CARLA);
  await world.session('ASIACARLAAAAAAAAAAAA', at(14, '12:00:00'), {
    who_object_id: CARLA, identity_method: 'time_and_address', identity_confidence: 'inferred', confidence: 'inferred', sign_in_grade: 'window',
    sign_in_id: '5e55a1b2-0000-4000-8000-000000000003', is_traced: true,
    conflicts: [`time_and_address:${CARLA}`, `source_identity_unsigned:${BEN}`], role_arn: `arn:aws:iam::${ACCOUNT}:role/<script>alert(1)</script>`,
  });
  await world.call('c0000000-0000-4000-8000-000000000001', at(14, '12:01:00'), 'RegisterTaskDefinition', 'ASIACARLAAAAAAAAAAAA', { cluster_name: null });

  // A workload configured a service; AWS starts its tasks.
  await world.signIn('5e55a1b2-0000-4000-8000-000000000004', at(14, '13:00:00'), DEPLOYER, 'service_principal');
  await world.session('ASIADEPLOYERAAAAAAAA', at(14, '13:05:00'), {
    who_kind: 'workload', who_object_id: DEPLOYER, identity_method: 'registry', sign_in_grade: 'window', sign_in_id: '5e55a1b2-0000-4000-8000-000000000004',
    is_traced: true, issuer: `https://sts.windows.net/${TENANT}/`, audience: 'api://jobs', subject: 'pairwise-subject',
  });
  await world.insert('stg_identity_registry', {
    issuer: `sts.windows.net/${TENANT}`, audience: 'api://jobs', subject: 'pairwise-subject', tenant_id: TENANT, object_id: DEPLOYER, batch_seq: 4, record_number: 1,
    record_sha256: sha256('registry'),
  });
  await world.call('d0000000-0000-4000-8000-000000000001', at(14, '13:06:00'), 'CreateService', 'ASIADEPLOYERAAAAAAAA', { cluster_name: 'web-prod' });
  await world.insert('stg_configurers', {
    account_id: ACCOUNT, event_id: 'd0000000-0000-4000-8000-000000000001', event_at: at(14, '13:06:00'), event_name: 'CreateService', kind: 'deployment', name: 'ecs-svc/1',
    caller_key: 'ASIADEPLOYERAAAAAAAA', batch_seq: 1, member: 0,
  });
  await world.task('1123456789abcdef0123456789abcdef', at(14, '13:07:00'), {
    how: 'configured', method: 'service_deployment', configurer_account_id: ACCOUNT, configurer_event_id: 'd0000000-0000-4000-8000-000000000001',
    configurer_caller_key: 'ASIADEPLOYERAAAAAAAA', launcher_caller_key: 'ASIADEPLOYERAAAAAAAA', started_by: 'ecs-svc/1',
  });

  // Without an answer: no sign-in, a formula for a name; no origin; a long-lived key; no launcher; and one not yet due.
  await world.session('ASIAMALLORYAAAAAAAAA', at(17, '02:10:00'), {
    who_object_id: MALLORY, identity_method: 'signed_source_identity', reason: 'sign_in_absent', role_arn: `arn:aws:iam::${ACCOUNT}:role/admin`,
  });
  await world.call('e0000000-0000-4000-8000-000000000001', at(17, '02:12:00'), 'RunTask', 'ASIAMALLORYAAAAAAAAA');
  await world.session('user:arn:aws:iam::444455556666:user/legacy', at(17, '03:00:00'), {
    session_kind: 'principal', is_issued: false, who_kind: 'iam_user', who_tenant_id: null, tenant_id: null, who_name: HIDDEN_NAME, identity_method: 'iam_user',
    reason: 'long_lived_key',
  });
  await world.call('e0000000-0000-4000-8000-000000000002', at(17, '03:00:00'), 'DeleteService', 'user:arn:aws:iam::444455556666:user/legacy', {
    account_id: OTHER_ACCOUNT, cluster_name: '@SUM(1+1)*cmd|calc',
  });
  await world.call('e0000000-0000-4000-8000-000000000003', at(17, '03:30:00'), 'StopTask', 'ASIANEVERISSUEDAAAAA');
  await world.task('2123456789abcdef0123456789abcdef', at(17, '04:00:00'), { confidence: 'none', reason: 'launcher_missing' });
  await world.session('ASIALATEAAAAAAAAAAAA', at(18, '22:00:00'), {
    who_kind: 'unknown', who_object_id: null, identity_method: null, identity_confidence: 'none', confidence: 'none', reason: 'sign_in_not_yet_due', is_provisional: true,
  });
  await world.call('f0000000-0000-4000-8000-000000000001', at(18, '22:01:00'), 'RunTask', 'ASIALATEAAAAAAAAAAAA');

  // Not in the population: a failed call, a reading one, an agent's, and one before the period.
  await world.call('90000000-0000-4000-8000-000000000001', at(14, '10:04:00'), 'RunTask', 'ASIABENAAAAAAAAAAAAA', { error_code: 'AccessDenied' });
  await world.call('90000000-0000-4000-8000-000000000002', at(14, '10:05:00'), 'DescribeTasks', 'ASIABENAAAAAAAAAAAAA', { is_read_only: true });
  await world.call('90000000-0000-4000-8000-000000000003', at(14, '10:06:00'), 'SubmitTaskStateChange', 'ASIABENAAAAAAAAAAAAA');
  await world.call('90000000-0000-4000-8000-000000000004', at(11, '23:59:59'), 'RunTask', 'ASIAAIKOAAAAAAAAAAAA');

  await fillSources(world);
}

async function fillSources(world: World): Promise<void> {
  const source = (name: string, kind: string | null, first: string, through: string, records: number): Promise<void> =>
    world.insert('stg_sources', { source: name, tenant_id: kind === null ? null : TENANT, sign_in_kind: kind, first_at: first, complete_through: through, records });
  await source('cloudtrail', null, at(11, '23:59:59'), at(19, '02:00:00'), 22);
  await source('ecs_events', null, at(13, '09:01:12'), at(19, '02:00:00'), 3);
  await source('sign_ins', 'non_interactive_user', at(10, '00:00:00'), at(18, '21:00:00'), 2);
  await source('sign_ins', 'service_principal', at(10, '00:00:00'), at(19, '01:00:00'), 1);
  const delivery = (origin: string, form: string, [read, fresh, repeated, rejected, aside]: [number, number, number, number, number]): Promise<void> =>
    world.insert('stg_deliveries', {
      batch_seq: 1, member: 0, origin, form, records_read: read, records_new: fresh, records_repeated: repeated, records_rejected: rejected, records_set_aside: aside,
    });
  await delivery('111122223333_CloudTrail.json.gz', 'cloudtrail_object', [26, 22, 2, 1, 1]);
  await delivery('sign-ins.jsonl', 'graph_sign_ins', [3, 3, 0, 0, 0]);
  await delivery('<b>odd</b>.json', 'unknown', [2, 0, 0, 2, 0]);
  for (const [origin, form, number, reason] of [
    ['111122223333_CloudTrail.json.gz', 'cloudtrail_object', 4, 'eventTime: expected RFC 3339, found "yesterday"'],
    ['<b>odd</b>.json', 'unknown', 1, 'unknown_form'],
    ['<b>odd</b>.json', 'unknown', 2, 'unknown_form'],
  ] as const) {
    await world.insert('stg_rejects', { batch_seq: 1, member: 0, origin, record_number: number, form, reason });
  }
  const finding = (id: string, detection: string, severity: string, subject: [string, string], summary: string, event: string, when: string): Promise<void> =>
    world.db.run(
      `insert into findings by name select $id as id, $detection as detection, $severity as severity, 'open' as status, cast($when as timestamptz) as occurred_at,
        $kind as subject_kind, $subject as subject_id, $summary as summary, null as reason, $id as dedup_key, $controls as controls,
        [{'source': 'cloudtrail', 'owner_id': '${ACCOUNT}', 'record_id': $event, 'record_at': cast($when as timestamptz)}] as evidence, $sha as query_sha256`,
      { id: sha256(id).slice(0, 32), detection, severity, when, kind: subject[0], subject: subject[1], summary, controls: ['soc2:CC6.1'], event, sha: sha256(detection) },
    );
  await finding('1', 'session_without_sign_in', 'high', ['session', 'ASIAMALLORYAAAAAAAAA'], `A token of${FORMULA_NAME} opened a session, and no sign-in issued it`, 'sts-ASIAMALLORYAAAAAAAAA', at(17, '02:10:00'));
  await finding('2', 'identity_conflict', 'medium', ['session', 'ASIACARLAAAAAAAAAAAA'], `Two methods name different identities: ${MARKUP_NAME}`, 'sts-ASIACARLAAAAAAAAAAAA', at(14, '12:00:00'));
}

/** The landed object, as CloudTrail would have delivered it. */
function landedObject(): Buffer {
  const records = landed.map((record) => ({ eventVersion: '1.11', userIdentity: { type: 'AssumedRole' }, eventSource: 'ecs.amazonaws.com', awsRegion: 'eu-central-1', recipientAccountId: ACCOUNT, ...record }));
  return Buffer.from(JSON.stringify({ Records: records }));
}

/** SHA-256 of the landed CloudTrail record with this id, taken here over the bytes that `landedObject` writes. */
export function landedSha256(eventId: string): string | undefined {
  const text = landedObject().toString('utf8');
  const records = (JSON.parse(text) as { Records: { eventID: string }[] }).Records;
  const record = records.find(({ eventID }) => eventID === eventId);
  return record && sha256(JSON.stringify(record));
}

/** The world in an in-memory database, with its landing. The caller closes `db`. `membersRead` counts what was unpacked. */
export async function traceabilityWorld(): Promise<AnswerReader & { readonly membersRead: () => number }> {
  landed.length = 0;
  const db = await openCaseDatabase(packageRoot());
  await db.file(join(packageRoot(), 'queries/detections/tables.sql'));
  await fill(new World(db));
  const bytes = landedObject();
  let membersRead = 0;
  return {
    db,
    membersRead: () => membersRead,
    landing: {
      readMember: (batchSeq, member) => {
        if (batchSeq !== 1 || member !== 0) throw new Error(`no member ${member} of batch ${batchSeq} in this world`);
        membersRead += 1;
        return Promise.resolve({ bytes, origin: `${ACCOUNT}_CloudTrail_eu-central-1_20260113T0905Z_AbCdEfGhIjKlMnOp.json.gz` });
      },
    },
  };
}
