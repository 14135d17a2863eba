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

tasks as (
  select task_key, task_arn, task_at, how
  from cor_tasks
  where
    (
      launch_account_id || '/' || launch_event_id in (select action_key from actions)
      or configurer_account_id || '/' || configurer_event_id in (select action_key from actions)
    )
    and ($from_at::timestamptz is null or task_at >= $from_at::timestamptz)
    and ($to_at::timestamptz is null or task_at < $to_at::timestamptz)
)

select coalesce(task_arn, split_part(task_key, '/', 2)) as id, task_at as "at", how, count(*) over () as total
from tasks
order by task_at desc, task_key
limit $row_limit
