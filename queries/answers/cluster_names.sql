/*---
id: cluster_names
title: Where a cluster's name is known
description: |
  Every cluster that a landed task or ECS action names, with its account, when it was first and last heard of, and how many
  tasks of the account are known only by their roles' sessions, so that their cluster is not known.
---*/
with tasks as (
  select cluster_name, account_id, task_at as seen_at from cor_task_launchers where cluster_name is not null
),

actions as (
  select cluster_name, account_id, event_at as seen_at from stg_ecs_actions where cluster_name is not null
),

named as (
  select cluster_name, account_id, seen_at from tasks
  union all
  select cluster_name, account_id, seen_at from actions
),

nameless as (
  select account_id, count(*) as tasks from cor_task_launchers where cluster_name is null group by account_id
)

select n.cluster_name, n.account_id, min(n.seen_at) as first_at, max(n.seen_at) as last_at, coalesce(max(l.tasks), 0) as nameless_tasks
from named n
left join nameless l on l.account_id = n.account_id
group by n.cluster_name, n.account_id
order by n.cluster_name, n.account_id
