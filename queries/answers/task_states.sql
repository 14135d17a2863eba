/*---
id: task_states
title: The state changes of a task that an answer shows as evidence
description: The latest version of the task's state that is landed; of copies, the best source, then the least SHA-256 (RULINGS 20).
params:
  task_key: { type: text, description: "Key of cor_task_launchers" }
---*/
with states as (select * from stg_task_events where task_key = $task_key)

select event_id, event_at, source_rank, batch_seq, member, record_number, record_sha256
from states
order by task_version desc nulls last, event_at desc, source_rank, record_sha256 nulls last, event_id
limit 1
