/*---
id: find_tasks
title: The tasks that an id means
description: Tasks with this id, dashes and case ignored, in one account or in any; the lower account first (RULINGS 3).
params:
  task_id: { type: text, description: "Task id without dashes, lower case" }
  account_id: { type: text, default: null, description: "Account, or null for any" }
---*/
with tasks as (select task_key, account_id, task_arn from cor_task_launchers)

select task_key, account_id, task_arn
from tasks
where
  split_part(task_key, '/', 2) = $task_id
  and ($account_id is null or account_id = $account_id or split_part(task_key, '/', 1) = $account_id)
order by account_id, task_key
