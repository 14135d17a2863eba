/*---
id: task_role_session
title: The record that first shows a task by its role session
description: Asked for only where neither a call that starts the task nor a state change is landed (RULINGS 7).
params:
  task_key: { type: text, description: "Key of cor_task_launchers" }
---*/
with sessions as (
  select session_id, opened_by_account_id, opened_by_event_id, opened_at from cor_sessions where upstream_task_key = $task_key
)

select opened_by_account_id as account_id, opened_by_event_id as event_id, opened_at as "at"
from sessions
where opened_by_event_id is not null and opened_by_account_id is not null and opened_at is not null
order by opened_at, session_id
limit 1
