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
with tasks as (
  select task_key, task_arn, task_at, how
  from cor_tasks
  where
    who_object_id = $object_id and who_tenant_id is not distinct from $tenant_id
    and ($from_at::timestamptz is null or task_at >= $from_at::timestamptz)
    and ($to_at::timestamptz is null or task_at < $to_at::timestamptz)
)

select coalesce(task_arn, split_part(task_key, '/', 2)) as id, task_at as "at", how, count(*) over () as total
from tasks
order by task_at desc, task_key
limit $row_limit
