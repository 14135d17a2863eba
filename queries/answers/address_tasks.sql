/*---
id: address_tasks
title: The tasks launched or configured from an address
description: Tasks whose launch, or whose configuration, was called from the address; newest first. `total` counts them all.
params:
  address: { type: text, description: "IP address, lower case" }
  from_at: { type: timestamp, default: null, description: "At or after this instant" }
  to_at: { type: timestamp, default: null, description: "Before this instant" }
  row_limit: { type: integer, description: "How many rows at most" }
---*/
with tasks as (
  select task_key, task_arn, task_at, how, launch_account_id, launch_event_id, configurer_account_id, configurer_event_id
  from cor_tasks
  where
    ($from_at::timestamptz is null or task_at >= $from_at::timestamptz)
    and ($to_at::timestamptz is null or task_at < $to_at::timestamptz)
),

actions as (
  select account_id || '/' || event_id as action_key
  from stg_events
  where source_ip in ($address, upper($address))
)

select
  coalesce(t.task_arn, split_part(t.task_key, '/', 2)) as id, t.task_at as "at", t.how, count(*) over () as total
from tasks t
where
  t.launch_account_id || '/' || t.launch_event_id in (select action_key from actions)
  or t.configurer_account_id || '/' || t.configurer_event_id in (select action_key from actions)
order by t.task_at desc, t.task_key
limit $row_limit
