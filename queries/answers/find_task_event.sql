/*---
id: find_task_event
title: The task whose state change has this event id
description: EventBridge gives each ECS state change an id of its own; asked for, it means its task.
params:
  event_id: { type: text, description: "Event id, exactly" }
---*/
with states as (select task_key, event_id from stg_task_events)

select distinct task_key
from states
where event_id = $event_id
order by task_key
