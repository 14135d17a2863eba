/*---
id: live_keys
title: Access keys to look up for a question
description: |
  A session's key, or, of a task, the keys that its roles were issued and the one that started it: the newest few, and how long
  each was good. Callers that are no keys are left out.
params:
  task_key: { type: text, default: null, description: "Key of cor_task_launchers, or null" }
  session_id: { type: text, default: null, description: "Key of cor_sessions, or null" }
---*/
with launchers as (
  select c.session_id
  from cor_task_launchers t
  join cor_callers c on c.caller_key = t.launcher_caller_key
  where t.task_key = $task_key
),

sessions as (
  select session_id, account_id, opened_at, expires_at
  from cor_sessions
  where
    session_id = $session_id or upstream_task_key = $task_key
    or session_id in (select session_id from launchers)
)

select session_id as access_key_id, account_id, opened_at, expires_at
from sessions
where regexp_matches(session_id, '^A[A-Z]{3}[A-Z0-9]{12,}$')
order by opened_at desc nulls last, session_id
limit 8
