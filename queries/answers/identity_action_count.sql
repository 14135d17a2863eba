/*---
id: identity_action_count
title: How many calls an identity made in a period
description: |
  Every landed call, denied ones too, by a caller that leads back to the identity without a task in between (a task's calls
  are the task's). Reads no more of the events than it must.
params:
  tenant_id: { type: text, default: null, description: "Entra tenant; null where none is known" }
  object_id: { type: text, description: "Object id" }
  from_at: { type: timestamp, description: "At or after this instant" }
  to_at: { type: timestamp, description: "Before this instant" }
---*/
with recursive identity_sessions as materialized (
  select session_id, upstream_session_id, upstream_task_key
  from cor_sessions
  where who_object_id = $object_id and who_tenant_id is not distinct from $tenant_id
),

of_tasks as (
  select session_id from identity_sessions where upstream_task_key is not null
  union
  select s.session_id from identity_sessions s inner join of_tasks t on t.session_id = s.upstream_session_id
),

callers as (
  select caller_key
  from cor_callers
  where
    session_id in (select session_id from identity_sessions) and session_id not in (select session_id from of_tasks)
    and last_used_at >= $from_at::timestamptz and first_used_at < $to_at::timestamptz
),

events as (
  select caller_key
  from stg_events
  where event_at >= $from_at::timestamptz and event_at < $to_at::timestamptz
)

select count(*) as calls
from events e
inner join callers c on c.caller_key = e.caller_key
order by calls
