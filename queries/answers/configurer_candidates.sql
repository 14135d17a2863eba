/*---
id: configurer_candidates
title: Calls that might have configured a task
description: The latest first (RULINGS 17, 18).
params:
  task_key: { type: text, description: "Key of cor_task_launchers" }
---*/
with candidates as (
  select event_id, account_id, "at", kind, name, why_not from cor_configurer_candidates where task_key = $task_key
)

select event_id, account_id, kind, name, "at", why_not
from candidates
order by "at" desc, event_id, kind, name
