/*---
id: identity_span
title: When an identity's callers were used
description: |
  The first and last use of all callers that lead back to the identity without a task in between, so that its calls are
  looked for nowhere else.
params:
  tenant_id: { type: text, default: null, description: "Entra tenant; null where none is known" }
  object_id: { type: text, description: "Object id" }
---*/
with recursive identity_sessions as (
  select session_id, upstream_session_id, upstream_task_key
  from cor_sessions
  where who_object_id = $object_id and who_tenant_id is not distinct from $tenant_id
),

of_tasks as (
  select session_id from identity_sessions where upstream_task_key is not null
  union
  select s.session_id from identity_sessions s inner join of_tasks t on t.session_id = s.upstream_session_id
),

sessions as (
  select session_id from identity_sessions where session_id not in (select session_id from of_tasks)
)

select min(first_used_at) as first_used_at, max(last_used_at) as last_used_at
from cor_callers
where session_id in (select session_id from sessions)
order by first_used_at
