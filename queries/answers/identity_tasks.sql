/*---
id: identity_tasks
title: The tasks of an identity
description: Every task that leads back to the identity, run or configured; newest first. `total` counts them all.
params:
  tenant_id: { type: text, default: null, description: "Entra tenant; null where none is known" }
  object_id: { type: text, description: "Object id" }
  from_at: { type: timestamp, default: null, description: "At or after this instant" }
  to_at: { type: timestamp, default: null, description: "Before this instant" }
  row_limit: { type: integer, description: "How many rows at most" }
---*/
-- As the view cor_tasks, from the other end: the identity's sessions are few, and all sessions are many.
with identity_sessions as materialized (
  select session_id, how
  from cor_sessions
  where who_object_id = $object_id and who_tenant_id is not distinct from $tenant_id
),

callers as materialized (
  select c.caller_key, s.how
  from cor_callers c
  inner join identity_sessions s on s.session_id = c.session_id
),

tasks as (
  select
    t.task_key, t.task_arn, t.task_at,
    case when t.how is null then null when 'configured' in (t.how, c.how) then 'configured' else t.how end as how
  from cor_task_launchers t
  inner join callers c on c.caller_key = t.launcher_caller_key
  where
    ($from_at::timestamptz is null or t.task_at >= $from_at::timestamptz)
    and ($to_at::timestamptz is null or t.task_at < $to_at::timestamptz)
)

select coalesce(task_arn, split_part(task_key, '/', 2)) as id, task_at as "at", how, count(*) over () as total
from tasks
order by task_at desc, task_key
limit $row_limit
