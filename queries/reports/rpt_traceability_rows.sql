/*---
id: rpt_traceability_rows
title: Every action and task
description: |
  The whole population in order of time, each with who is behind it, how that is known, and the landed records that prove it,
  from the sign-in to the action or task itself.
key: [account_id, kind, id]
parts: cor_population.at
params: { from: timestamptz, to: timestamptz }
controls: [soc2:CC6.1, soc2:CC7.2, iso27001:A.8.15]
---*/
with recursive left_out as (select account_id, cluster_name, role_arn from report_left_out),

population as (
  select
    p.at, kind, name, id, account_id, cluster_name, outcome, who_kind, who_tenant_id, who_object_id, who_issuer, who_subject,
    who_name, how, confidence, identity_method, sign_in_grade, sign_in_id, reason, session_id
  from cor_population p
  where
    p.at >= $from and p.at < $to
    and not exists (
      select 1 from left_out o
      where o.account_id = coalesce(p.account_id, '') and o.cluster_name = coalesce(p.cluster_name, '') and o.role_arn = coalesce(p.role_arn, '')
    )
),

identities as (select tenant_id, object_id, name from cor_identities),

links as (select session_id, upstream_session_id from cor_sessions),

-- From each session that stands behind a row back to its root, 10 hops at the most (ATTRIBUTION 4).
walk as (
  select distinct session_id as start_id, session_id, 0 as step
  from population
  where session_id is not null
  union all
  select w.start_id, s.upstream_session_id as session_id, w.step + 1 as step
  from walk w
  inner join links s on s.session_id = w.session_id
  where s.upstream_session_id is not null and w.step < 10
),

-- Of everything else, what belongs to these rows alone: the report may be one of many parts, each of which would else hold it all.
sessions as (
  select
    session_id, opened_at, opened_by_account_id, opened_by_event_id, other_half_account_id, other_half_event_id,
    upstream_session_id, upstream_task_key, identity_method, identity_session_id, issuer, audience, subject
  from cor_sessions s
  where exists (select 1 from walk w where w.session_id = s.session_id)
),

keys_behind as (
  select t.task_key
  from cor_task_launchers t
  inner join population p on p.kind = 'task' and p.account_id = t.account_id and p.id = coalesce(t.task_arn, split_part(t.task_key, '/', 2))
  union
  select upstream_task_key as task_key
  from sessions
  where upstream_task_key is not null
),

task_keys as (
  select t.task_key, t.account_id, coalesce(t.task_arn, split_part(t.task_key, '/', 2)) as id, t.launch_account_id,
    t.launch_event_id, t.configurer_account_id, t.configurer_event_id
  from cor_task_launchers t
  where exists (select 1 from keys_behind k where k.task_key = t.task_key)
),

launches as (
  select l.account_id, l.event_id, l.task_key, min(l.event_at) as event_at
  from stg_task_launches l
  where exists (select 1 from task_keys t where t.task_key = l.task_key)
  group by l.account_id, l.event_id, l.task_key
),

configurers as (select account_id, event_id, min(event_at) as event_at from stg_configurers group by account_id, event_id),

sts as (
  select r.account_id, r.event_id, min(r.event_at) as event_at
  from stg_sts_requests r
  where exists (select 1 from sessions s where s.other_half_account_id = r.account_id and s.other_half_event_id = r.event_id)
  group by r.account_id, r.event_id
),

registry as (
  select issuer, audience, subject, tenant_id, max(batch_seq) as batch_seq
  from stg_identity_registry
  group by issuer, audience, subject, tenant_id
),

sign_ins as (
  select tenant_id, sign_in_id, created_at
  from cor_sign_ins g
  where exists (select 1 from population p where p.who_tenant_id = g.tenant_id and p.sign_in_id = g.sign_in_id)
),

session_records as (
  select
    w.start_id, w.step, 2 as place, 'session' as hop, 'cloudtrail' as source, s.opened_by_account_id as owner_id,
    s.opened_by_event_id as record_id, s.opened_at as record_at
  from walk w
  inner join sessions s on s.session_id = w.session_id
  where s.opened_by_event_id is not null
  union all
  select w.start_id, w.step, 3, 'session', 'cloudtrail', s.other_half_account_id, s.other_half_event_id, r.event_at
  from walk w
  inner join sessions s on s.session_id = w.session_id
  inner join sts r on r.account_id = s.other_half_account_id and r.event_id = s.other_half_event_id
  union all
  select w.start_id, w.step, 0, 'identity', 'identity_registry', r.tenant_id, r.issuer || ' ' || r.audience || ' ' || r.subject, s.opened_at
  from walk w
  inner join sessions s on s.session_id = w.session_id
  inner join registry r
    on r.issuer = rtrim(regexp_replace(s.issuer, '^[a-z]+://', ''), '/') and r.audience = s.audience and r.subject = s.subject
  where s.identity_method = 'registry' and s.identity_session_id = s.session_id
  union all
  select w.start_id, w.step, 1, 'task', 'cloudtrail', t.launch_account_id, t.launch_event_id, l.event_at
  from walk w
  inner join sessions s on s.session_id = w.session_id
  inner join task_keys t on t.task_key = s.upstream_task_key
  inner join launches l on l.account_id = t.launch_account_id and l.event_id = t.launch_event_id and l.task_key = t.task_key
),

session_evidence as (
  select
    start_id,
    array_agg(
      cast(
        row(hop, source, owner_id, record_id, record_at)
        as row(hop varchar, source varchar, owner_id varchar, record_id varchar, record_at timestamptz)
      )
      order by step desc, place, owner_id, record_id
    ) as evidence
  from session_records
  group by start_id
),

task_states as (
  select
    task_key, event_id, event_at, account_id,
    row_number() over (
      partition by task_key order by task_version desc nulls last, event_at desc, source_rank, record_sha256 nulls last, event_id
    ) as place
  from stg_task_events e
  where exists (select 1 from task_keys t where t.task_key = e.task_key)
),

role_sessions as (
  select
    upstream_task_key, opened_by_account_id, opened_by_event_id, opened_at,
    row_number() over (partition by upstream_task_key order by opened_at, session_id) as place
  from cor_sessions s
  where
    upstream_task_key is not null and opened_by_event_id is not null
    and exists (select 1 from task_keys t where t.task_key = s.upstream_task_key)
),

task_records as (
  select t.account_id, t.id, 1 as place, 'task' as hop, 'cloudtrail' as source, c.account_id as owner_id, c.event_id as record_id, c.event_at as record_at
  from task_keys t
  inner join configurers c on c.account_id = t.configurer_account_id and c.event_id = t.configurer_event_id
  union all
  select t.account_id, t.id, 2, 'task', 'cloudtrail', l.account_id, l.event_id, l.event_at
  from task_keys t
  inner join launches l on l.account_id = t.launch_account_id and l.event_id = t.launch_event_id and l.task_key = t.task_key
  union all
  select t.account_id, t.id, 3, 'task', 'ecs_events', s.account_id, s.event_id, s.event_at
  from task_keys t
  inner join task_states s on s.task_key = t.task_key and s.place = 1
  union all
  -- A task that is known by its role sessions alone.
  select t.account_id, t.id, 4, 'task_session', 'cloudtrail', r.opened_by_account_id, r.opened_by_event_id, r.opened_at
  from task_keys t
  inner join role_sessions r on r.upstream_task_key = t.task_key and r.place = 1
  left join launches l on l.account_id = t.launch_account_id and l.event_id = t.launch_event_id and l.task_key = t.task_key
  left join task_states s on s.task_key = t.task_key and s.place = 1
  where l.event_id is null and s.event_id is null
),

-- With the kind of row that it belongs to: a condition on one side alone would make the join below try every pair.
task_evidence as (
  select
    'task' as kind, account_id, id,
    array_agg(
      cast(
        row(hop, source, owner_id, record_id, record_at)
        as row(hop varchar, source varchar, owner_id varchar, record_id varchar, record_at timestamptz)
      )
      order by place, owner_id, record_id
    ) as evidence
  from task_records
  group by account_id, id
)

select
  p.at, p.kind, p.name, p.id, p.account_id, p.cluster_name as cluster,
  coalesce(p.who_name, i.name, p.who_object_id, p.who_subject) as who, p.who_kind, p.who_object_id, p.who_tenant_id,
  p.who_issuer, p.who_subject,
  p.outcome, p.how, p.confidence, p.identity_method as method,
  coalesce(p.sign_in_grade, 'none') as sign_in_grade, p.sign_in_id, p.reason, p.session_id,
  case
    when g.sign_in_id is null then []
    else [
      cast(
        row('sign_in', 'sign_ins', g.tenant_id, g.sign_in_id, g.created_at)
        as row(hop varchar, source varchar, owner_id varchar, record_id varchar, record_at timestamptz)
      )
    ]
  end
  || coalesce(e.evidence, [])
  || case
    when p.kind = 'task' then coalesce(t.evidence, [])
    else [
      cast(
        row('action', 'cloudtrail', p.account_id, p.id, p.at)
        as row(hop varchar, source varchar, owner_id varchar, record_id varchar, record_at timestamptz)
      )
    ]
  end as evidence
from population p
left join identities i on i.tenant_id = p.who_tenant_id and i.object_id = p.who_object_id
left join sign_ins g on g.tenant_id = p.who_tenant_id and g.sign_in_id = p.sign_in_id
left join session_evidence e on e.start_id = p.session_id
left join task_evidence t on t.kind = p.kind and t.account_id = p.account_id and t.id = p.id
order by p.at, p.kind, p.account_id, p.id
