/*---
id: find_task_event
title: The task whose state change or log line has this event id
description: |
  EventBridge gives each ECS state change an id of its own, and CloudWatch Logs each line of a task's log; asked for, it means
  its task.
params:
  event_id: { type: text, description: "Event id, exactly" }
---*/
with states as (
  select task_key, event_id from stg_task_events
  union all
  select task_key, event_id from stg_application_logs where task_key is not null
)

select distinct task_key
from states
where event_id = $event_id
order by task_key
