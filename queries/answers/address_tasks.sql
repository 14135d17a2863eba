/*---
id: address_tasks
title: The tasks launched or configured from an address
description: |
  Tasks whose launch, or the ECS call that configured it, was made from the address; newest first. `total` counts them all.
  Calls to other services that configure (a rule's targets, a schedule) are listed as calls, and not followed here.
params:
  address: { type: text, description: "IP address, lower case" }
  from_at: { type: timestamp, default: null, description: "At or after this instant" }
  to_at: { type: timestamp, default: null, description: "Before this instant" }
  row_limit: { type: integer, description: "How many rows at most" }
---*/
with actions as materialized (
  select account_id || '/' || event_id as action_key
  from stg_ecs_actions
  where source_ip in ($address, upper($address))
),

-- As the view cor_tasks, from the other end: these tasks are few, and all sessions are many.
tasks as materialized (
  select task_key, task_arn, task_at, how, launcher_caller_key
  from cor_task_launchers
  where
    (
      launch_account_id || '/' || launch_event_id in (select action_key from actions)
      or configurer_account_id || '/' || configurer_event_id in (select action_key from actions)
    )
    and ($from_at::timestamptz is null or task_at >= $from_at::timestamptz)
    and ($to_at::timestamptz is null or task_at < $to_at::timestamptz)
),

callers as materialized (
  select caller_key, session_id from cor_callers where caller_key in (select launcher_caller_key from tasks)
),

sessions as materialized (
  select session_id, how from cor_sessions where session_id in (select session_id from callers)
)

select
  coalesce(t.task_arn, split_part(t.task_key, '/', 2)) as id, t.task_at as "at",
  case when t.how is null then null when 'configured' in (t.how, s.how) then 'configured' else t.how end as how,
  count(*) over () as total
from tasks t
left join callers c on c.caller_key = t.launcher_caller_key
left join sessions s on s.session_id = c.session_id
order by t.task_at desc, t.task_key
limit $row_limit
