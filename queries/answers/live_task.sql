/*---
id: live_task
title: Where a task runs, for asking ECS about it
description: Tasks with this id, dashes and case ignored; what the landed records say of account, region and cluster.
params:
  task_id: { type: text, description: "Task id without dashes, lower case" }
  account_id: { type: text, default: null, description: "Account, or null for any" }
---*/
with tasks as (select task_key, account_id, task_arn, aws_region, cluster_name from cor_task_launchers)

select task_key, account_id, task_arn, aws_region, cluster_name
from tasks
where split_part(task_key, '/', 2) = $task_id and ($account_id is null or account_id = $account_id)
order by account_id, task_key
