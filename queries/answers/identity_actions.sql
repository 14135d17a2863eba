/*---
id: identity_actions
title: The calls of an identity
description: |
  Every landed call, denied ones too, by a caller that leads back to the identity without a task in between (a task's calls
  are the task's); newest first.
params:
  tenant_id: { type: text, default: null, description: "Entra tenant; null where none is known" }
  object_id: { type: text, description: "Object id" }
  from_at: { type: timestamp, description: "At or after this instant" }
  to_at: { type: timestamp, description: "Before this instant" }
  row_limit: { type: integer, description: "How many rows at most" }
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
  select account_id, event_id, event_at, event_name, resource, error_code, caller_key
  from stg_events
  where event_at >= $from_at::timestamptz and event_at < $to_at::timestamptz
)

select e.event_id as id, e.event_at as "at", e.event_name as name, e.resource, e.account_id, e.error_code
from events e
inner join callers c on c.caller_key = e.caller_key
order by e.event_at desc, e.account_id, e.event_id
limit $row_limit
