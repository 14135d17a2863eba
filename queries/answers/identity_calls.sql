/*---
id: identity_calls
title: How many calls an identity made, and since when the newest of them
description: |
  Counted from the callers that lead back to the identity without a task in between, so that no event is read. `newest_from`:
  at least `row_limit` calls lie at or after it, since each of the callers that began last has all of its calls there.
params:
  tenant_id: { type: text, default: null, description: "Entra tenant; null where none is known" }
  object_id: { type: text, description: "Object id" }
  row_limit: { type: integer, description: "How many calls at least" }
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
  select caller_key, first_used_at, last_used_at, calls
  from cor_callers
  where
    session_id in (select session_id from identity_sessions) and session_id not in (select session_id from of_tasks)
),

counted as (
  select first_used_at, last_used_at, calls, sum(calls) over (order by first_used_at desc, caller_key) as calls_from_here
  from callers
)

select
  cast(coalesce(sum(calls), 0) as bigint) as calls, min(first_used_at) as first_used_at, max(last_used_at) as last_used_at,
  max(first_used_at) filter (where calls_from_here >= $row_limit) as newest_from
from counted
order by calls
