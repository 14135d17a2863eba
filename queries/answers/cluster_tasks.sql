/*---
id: cluster_tasks
title: The tasks of a cluster at an instant
description: |
  Every task that had come to be by then and is not known to have stopped, the oldest first, each with who it leads back to.
  `state`: pending (not started yet), running, or unknown: no state change of it is landed, or ECS events are complete only to
  before that instant, so that a stop may not have been heard of. `total` counts them all.
params:
  cluster: { type: text, description: "Cluster name" }
  at: { type: timestamp, description: "The instant" }
  account_id: { type: text, default: null, description: "Account; null for any" }
  region: { type: text, default: null, description: "Region; null for any" }
  row_limit: { type: integer, description: "How many rows at most" }
---*/
with tasks as materialized (
  select *
  from cor_task_launchers
  where
    cluster_name = $cluster
    and ($account_id is null or account_id = $account_id)
    and ($region is null or aws_region = $region)
    and task_at <= $at::timestamptz
    and (stopped_at is null or stopped_at > $at::timestamptz)
),

heard_of as (
  select task_key, max(event_at) as last_event_at
  from stg_task_events
  where task_key in (select task_key from tasks)
  group by task_key
),

ecs_events as (
  select max(complete_through) as complete_through from stg_sources where source = 'ecs_events'
),

callers as materialized (
  select caller_key, session_id from cor_callers where caller_key in (select launcher_caller_key from tasks)
),

sessions as materialized (
  select * from cor_sessions where session_id in (select session_id from callers)
),

identities as (select tenant_id, object_id, name from cor_identities)

select
  t.task_key, t.task_arn, t.account_id, t.aws_region, t.task_definition_arn, t.task_group, t.started_by,
  t.task_at, t.started_at, t.stopped_at,
  case
    when t.started_at > $at::timestamptz then 'pending'
    when t.stopped_at is not null then 'running'
    when h.task_key is null or coalesce(e.complete_through < $at::timestamptz, true) then 'unknown'
    when t.started_at is null then 'pending'
    else 'running'
  end as state,
  t.how as hop_how, t.method, t.confidence as hop_confidence, t.reason as hop_reason, t.is_provisional as hop_is_provisional,
  s.session_id, s.how as session_how, s.confidence as session_confidence, s.reason as session_reason, s.is_provisional as session_is_provisional,
  coalesce(s.who_kind, 'unknown') as who_kind, s.who_tenant_id, s.who_object_id, s.who_issuer, s.who_subject,
  coalesce(s.who_name, i.name) as who_name, s.identity_method, coalesce(s.sign_in_grade, 'none') as sign_in_grade, s.sign_in_id,
  count(*) over () as total
from tasks t
cross join ecs_events e
left join heard_of h on h.task_key = t.task_key
left join callers c on c.caller_key = t.launcher_caller_key
left join sessions s on s.session_id = c.session_id
left join identities i on i.tenant_id = s.who_tenant_id and i.object_id = s.who_object_id
-- A stop without a time is one by the time of its event.
where t.stopped_at is not null or coalesce(t.last_status, '') <> 'STOPPED' or h.last_event_at > $at::timestamptz
order by t.task_at, t.task_key
limit $row_limit
