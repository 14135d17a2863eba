/**
 * A staged world of any size, made by SQL alone, so that correlation can be measured without ingesting 20 million records
 * first: people with signed tokens, workloads, role chains three deep, RunTask, task role sessions, and their calls.
 */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { packageRoot } from '../src/core/package-root.ts';
import { Database } from '../src/engine/database.ts';

const TENANT = '11111111-1111-4111-8111-111111111111';
const APP = '33333333-3333-4333-8333-333333333333';
const ACCOUNT = '111122223333';

/** Events a session makes, on average: sessions are 3 % of events, as in real logs (stack.md). */
const CALLS = 32;

/** A stretch of the world: sessions numbered `from` up to `to`, spread evenly over `seconds` from `start`, landed as one batch. */
interface Stretch {
  readonly from: number;
  readonly to: number;
  readonly start: string;
  readonly seconds: number;
  readonly batch: number;
}

const DAY_SECONDS = 86_400;
const START = Date.parse('2026-01-01T00:00:00Z');

/** A staged world of `events` CloudTrail records over `days` days, in `<folder>/state.duckdb` and Parquet files beside it. */
export async function makeStagedWorld(folder: string, events: number, days: number, memoryLimit: string): Promise<Database> {
  const db = await Database.open({ path: join(folder, 'state.duckdb'), memoryLimit, threads: 2, temporaryDirectory: join(folder, 'spill') });
  for (const file of ['queries/functions.sql', 'queries/staging/tables.sql']) await db.file(join(packageRoot(), file));
  await mkdir(join(folder, 'events'));
  await addStretch(db, folder, { from: 0, to: Math.floor(events / CALLS), start: new Date(START).toISOString(), seconds: days * DAY_SECONDS, batch: 1 });
  return db;
}

/** One more day of `events` records after the `days` days of a world that has `before` of them, as batch 2. */
export async function addDay(db: Database, folder: string, world: { before: number; days: number; events: number }): Promise<void> {
  const from = Math.floor(world.before / CALLS);
  const start = new Date(START + world.days * DAY_SECONDS * 1000).toISOString();
  await addStretch(db, folder, { from, to: from + Math.floor(world.events / CALLS), start, seconds: DAY_SECONDS, batch: 2 });
}

async function addStretch(db: Database, folder: string, { from, to, start, seconds, batch }: Stretch): Promise<void> {
  await db.run(
    `create or replace temp table world as
    select
      n, n % 10 as role, ${key('n')} as session_key,
      $start::timestamptz + to_seconds(cast((n - $from) // 10 * $seconds // greatest(1, ($to - $from) // 10) + n % 10 * 60 as bigint)) as opened_at,
      md5('person-' || ((n // 10) * 7919 % 1000)) as h
    from range($from, $to) as r (n)`,
    { from, to, start, seconds },
  );
  const guid = (h: string): string => `${h}[1:8] || '-' || ${h}[9:12] || '-4' || ${h}[14:16] || '-8' || ${h}[18:20] || '-' || ${h}[21:32]`;
  await db.run(`insert into stg_sign_ins by name select
      '${TENANT}' as tenant_id, 's' || n as sign_in_id, opened_at - interval 1 minute as created_at, 'interactive_user' as sign_in_kind,
      true as is_success, '0' as error_code, ${guid('h')} as object_id, ${guid('h')} as user_id, h[1:8] || '@example.com' as user_principal_name,
      'Person ' || h[1:4] as display_name, '${APP}' as app_id, '192.0.2.' || (n % 250 + 1) as ip_address, 20 as filled_fields,
      'graph_sign_ins' as source_form, ${batch} as batch_seq, 0 as member, n as record_number, md5('s' || n) || md5('t' || n) as record_sha256
    from world where role < 3`);
  const sts = (name: string, where: string, fields: string): string => `insert into stg_sts_requests by name select
      '${ACCOUNT}' as account_id, 'open-' || n as event_id, opened_at as event_at, '${name}' as event_name, session_key as issued_key_id,
      opened_at + interval 1 hour as expires_at, 'AROAROLE' || role || ':' || n as issued_principal_id, 1 as source_rank, ${batch} as batch_seq, 0 as member, ${fields}
    from world where ${where}`;
  await db.run(sts('AssumeRoleWithWebIdentity', 'role < 3', `'WebIdentityUser' as identity_type, session_key as caller_key,
    'arn:aws:iam::${ACCOUNT}:role/operator' as role_arn, 'job' as role_session_name, '192.0.2.' || (n % 250 + 1) as source_ip, '${APP}' as audience,
    'subject-' || h[1:12] as subject, 'arn:aws:iam::${ACCOUNT}:oidc-provider/sts.windows.net/${TENANT}/' as provider,
    case when n % 4 > 0 then map {'entraoid': ${guid('h')}} end as principal_tags`));
  const parent = (offset: number): string => key(`n - ${offset}`);
  await db.run(sts('AssumeRole', 'role between 3 and 6', `'AssumedRole' as identity_type, ${parent(3)} as caller_key, ${parent(3)} as caller_access_key_id,
    'arn:aws:iam::${ACCOUNT}:role/deployer' as role_arn, 'deploy' as role_session_name, '192.0.2.7' as source_ip`));
  await db.run(sts('AssumeRole', 'role >= 7', `'AWSService' as identity_type, 'ecs-tasks.amazonaws.com' as invoked_by, 'service:ecs-tasks.amazonaws.com' as caller_key,
    'arn:aws:iam::${ACCOUNT}:role/task' as role_arn, md5('task-' || n) as role_session_name, 'ecs-tasks.amazonaws.com' as source_ip`));
  await db.run(`insert into stg_task_launches by name select
      '${ACCOUNT}' as account_id, 'run-' || n as event_id, opened_at - interval 20 seconds as event_at, 'RunTask' as event_name,
      '${ACCOUNT}/' || md5('task-' || n) as task_key, 'arn:aws:ecs:eu-central-1:${ACCOUNT}:task/prod/' || md5('task-' || n) as task_arn,
      'arn:aws:ecs:eu-central-1:${ACCOUNT}:cluster/prod' as cluster_arn, 'eu-central-1' as aws_region, 'AssumedRole' as identity_type, ${parent(4)} as caller_key,
      ${batch} as batch_seq, 0 as member from world where role >= 7`);
  await db.run(`insert into stg_task_events by name select
      '${ACCOUNT}' as account_id, 'task-' || n as event_id, opened_at as event_at, '${ACCOUNT}/' || md5('task-' || n) as task_key,
      'arn:aws:ecs:eu-central-1:${ACCOUNT}:task/prod/' || md5('task-' || n) as task_arn, 3 as task_version, 'STOPPED' as last_status,
      opened_at - interval 19 seconds as created_at, 3 as source_rank, ${batch} as batch_seq, 0 as member from world where role >= 7`);
  await db.run('set preserve_insertion_order = false');
  await db.run(`copy (
      select
        '${ACCOUNT}' as account_id, md5('e' || n || '-' || c) as event_id, opened_at + to_seconds(cast(c * 60 as bigint)) as event_at,
        case when c = 0 then 'sts.amazonaws.com' else 's3.amazonaws.com' end as event_source,
        case when c = 0 then 'AssumeRole' else 'GetObject' end as event_name, 'eu-central-1' as aws_region, '192.0.2.7' as source_ip,
        'aws-sdk-js/3.' || (n % 40) as user_agent, cast(null as varchar) as error_code, true as is_read_only, 'AssumedRole' as identity_type,
        'AROAROLE:' || n as principal_id, 'arn:aws:sts::${ACCOUNT}:assumed-role/r/' || (n % 500) as principal_arn,
        cast(null as varchar) as identity_user_name, opened_at as session_created_at, cast(null as varchar) as session_issuer_arn,
        cast(null as varchar) as invoked_by, cast(null as varchar) as source_identity, session_key as caller_key, ${batch} as batch_seq
      from world cross join range(${CALLS}) as calls (c)
    ) to '${sqlText(join(folder, 'events', `${batch}.parquet`))}' (format parquet, compression zstd)`);
  await db.run('reset preserve_insertion_order');
  await db.run(`create or replace view stg_events as select * from read_parquet('${sqlText(join(folder, 'events', '*.parquet'))}')`);
  await db.run('delete from stg_sources');
  await db.run(`insert into stg_sources select 'cloudtrail', null, null, min(event_at), max(event_at), count(*) from stg_events`);
  await db.run(`insert into stg_sources select 'ecs_events', null, null, min(event_at), max(event_at), count(*) from stg_task_events`);
  await db.run(`insert into stg_sources select 'sign_ins', tenant_id, k.kind, min(created_at), max(created_at), count(*)
    from stg_sign_ins cross join (values ('interactive_user'), ('non_interactive_user')) k (kind) group by all`);
  await db.run("insert into stg_deliveries values ($batch, 0, 'bench', 'bench', 0, 0, 0, 0, 0)", { batch });
  await db.run('drop table world');
  await db.run('checkpoint');
}

/** A session's access key id, by its number. */
function key(number: string): string {
  return `'ASIA' || lpad(upper(to_base(${number}, 36)), 16, '0')`;
}

/** Text inside single quotes. */
function sqlText(text: string): string {
  return text.replaceAll("'", "''");
}
