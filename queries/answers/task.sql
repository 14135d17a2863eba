/*---
id: task
title: One task and what leads to it
description: |
  The task's own row, and the times of the calls that launched or configured it. What the view cor_tasks says of it besides
  comes from the session that it leads back to, which the answer looks up anyway; that join over all sessions would cost more
  than everything else.
params:
  task_key: { type: text, description: "Key of cor_task_launchers" }
---*/
with tasks as (select * from cor_task_launchers where task_key = $task_key),

launches as (
  select account_id, event_id, min(event_at) as event_at
  from stg_task_launches
  where task_key = $task_key
  group by account_id, event_id
),

configurers as (
  select c.account_id, c.event_id, min(c.event_at) as event_at, min(c.kind) as kind, min(c.name) as name
  from stg_configurers c
  inner join tasks t on t.configurer_event_id = c.event_id and t.configurer_account_id = c.account_id
  group by c.account_id, c.event_id
)

select
  t.task_key, t.account_id, t.task_arn, t.cluster_name, t.aws_region, t.task_definition_arn, t.started_by, t.task_group,
  t.task_at, t.started_at, t.stopped_at, t.last_status, t.how, t.method, t.confidence, t.reason, t.is_provisional,
  t.launch_account_id, t.launch_event_id, l.event_at as launch_at,
  t.configurer_account_id, t.configurer_event_id, c.event_at as configurer_at, c.kind as configurer_kind, c.name as configurer_name,
  t.launcher_caller_key
from tasks t
left join launches l on l.event_id = t.launch_event_id and l.account_id = t.launch_account_id
left join configurers c on c.event_id = t.configurer_event_id and c.account_id = t.configurer_account_id
order by t.task_key
