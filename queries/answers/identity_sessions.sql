/*---
id: identity_sessions
title: The sessions of an identity
description: |
  Every session that leads back to the identity without a task in between (a task's sessions are the task's), newest first,
  with when it was opened and last used or expires; refused tokens open none. `total` counts them all.
params:
  tenant_id: { type: text, default: null, description: "Entra tenant; null where none is known" }
  object_id: { type: text, description: "Object id" }
  from_at: { type: timestamp, default: null, description: "Open after this instant" }
  to_at: { type: timestamp, default: null, description: "Opened before this instant" }
  row_limit: { type: integer, description: "How many rows at most" }
---*/
with recursive identity_sessions as materialized (
  select session_id, session_kind, upstream_session_id, upstream_task_key, role_arn, opened_at, expires_at, confidence, how, reason
  from cor_sessions
  where who_object_id = $object_id and who_tenant_id is not distinct from $tenant_id
),

of_tasks as (
  select session_id from identity_sessions where upstream_task_key is not null
  union
  select s.session_id from identity_sessions s inner join of_tasks t on t.session_id = s.upstream_session_id
),

own_sessions as materialized (
  select session_id, role_arn, opened_at, expires_at, confidence, how, reason
  from identity_sessions
  where
    session_id not in (select session_id from of_tasks) and session_kind <> 'denied_token'
    and ($to_at::timestamptz is null or opened_at < $to_at::timestamptz)
),

callers as (
  select session_id, max(last_used_at) as last_used_at
  from cor_callers
  where session_id in (select session_id from own_sessions)
  group by session_id
)

select
  s.session_id as id, s.role_arn, s.opened_at as "from", coalesce(s.expires_at, c.last_used_at) as "to",
  s.confidence, s.how, s.reason, count(*) over () as total
from own_sessions s
left join callers c on c.session_id = s.session_id
where $from_at::timestamptz is null or coalesce(greatest(s.expires_at, c.last_used_at), s.opened_at) >= $from_at::timestamptz
order by s.opened_at desc nulls last, s.session_id
limit $row_limit
