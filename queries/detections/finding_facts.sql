/*---
id: finding_facts
title: Who and what each finding is about
description: |
  For routing, grouping and exceptions: the identity, role, account, cluster and task behind a finding's subject, as correlation knows
  them now. One row a finding; what is not known is null. Events are sought by time and id, never read through.
---*/
with found as (select id, subject_kind, subject_id, evidence from findings),

-- The account and time of an event that is a subject stand in the finding's evidence.
event_subjects as (
  select distinct f.id, e.evidence.owner_id as account_id, e.evidence.record_id as event_id, e.evidence.record_at as event_at
  from found f
  cross join unnest(f.evidence) as e (evidence)
  where f.subject_kind = 'event' and e.evidence.record_id = f.subject_id and e.evidence.source = 'cloudtrail'
),

called as (
  select s.id, e.account_id, e.aws_region, e.caller_key, e.event_id
  from event_subjects s
  inner join stg_events e on e.event_at = s.event_at and e.event_id = s.event_id and e.account_id = s.account_id
),

entered as (
  select account_id, event_id, cluster_name, task_key from stg_ecs_actions
  union all select account_id, event_id, cluster_name, task_key from stg_ssm_sessions
),

ecs_calls as (
  select c.id, min(a.cluster_name) as cluster_name, min(a.task_key) as task_key
  from called c
  inner join entered a on a.account_id = c.account_id and a.event_id = c.event_id
  group by c.id
),

of_events as (
  select c.id, k.session_id, c.account_id, c.aws_region, a.cluster_name, a.task_key
  from called c
  left join cor_callers k on k.caller_key = c.caller_key
  left join ecs_calls a on a.id = c.id
),

of_sessions as (
  select f.id, s.session_id, s.account_id, cast(null as varchar) as aws_region, t.cluster_name, s.upstream_task_key as task_key
  from found f
  inner join cor_sessions s on s.session_id = f.subject_id
  left join cor_task_launchers t on t.task_key = s.upstream_task_key
  where f.subject_kind = 'session'
),

of_tasks as (
  select f.id, t.launcher_session_id as session_id, t.account_id, t.aws_region, t.cluster_name, t.task_key
  from found f
  inner join cor_tasks t on t.task_arn = f.subject_id or split_part(t.task_key, '/', 2) = f.subject_id
  where f.subject_kind = 'task'
),

subjects as (
  select id, session_id, account_id, aws_region, cluster_name, task_key from of_events
  union all select id, session_id, account_id, aws_region, cluster_name, task_key from of_sessions
  union all select id, session_id, account_id, aws_region, cluster_name, task_key from of_tasks
),

-- A bare task id may be known in two accounts: the lower one, as `ask` has it (RULINGS 3).
one_each as (
  select id, min_by(struct_pack(session_id, account_id, aws_region, cluster_name, task_key), struct_pack(account_id, task_key, session_id)) as fact
  from subjects
  group by id
),

of_identities as (
  select f.id, min_by(struct_pack(tenant_id, object_id, kind, name), i.tenant_id) as identity
  from found f
  inner join cor_identities i on i.object_id = f.subject_id
  where f.subject_kind = 'identity'
  group by f.id
)

select
  f.id,
  coalesce(i.identity.kind, s.who_kind) as who_kind,
  coalesce(i.identity.tenant_id, s.who_tenant_id) as who_tenant_id,
  coalesce(i.identity.object_id, s.who_object_id) as who_object_id,
  coalesce(i.identity.name, n.name, s.who_name) as who_name,
  o.fact.session_id as session_id,
  s.role_arn,
  o.fact.account_id as account_id,
  o.fact.aws_region as aws_region,
  o.fact.cluster_name as cluster_name,
  o.fact.task_key as task_key
from found f
left join one_each o on o.id = f.id
left join of_identities i on i.id = f.id
left join cor_sessions s on s.session_id = o.fact.session_id
left join cor_identities n on n.tenant_id = s.who_tenant_id and n.object_id = s.who_object_id
order by f.id
