/*---
id: rpt_completeness_task_versions
title: Tasks whose state changes lack a number
description: |
  ECS numbers the state changes of a task. A number between the first and the last in the period that is not there is an event that was not delivered.
  A first number above 1 means that earlier ones lie before the period, or are not landed; those are counted, and not judged.
params: { from: timestamptz, to: timestamptz }
controls: [soc2:PI1.4, iso27001:A.8.15]
---*/
with states as (
  select distinct task_key, account_id, task_arn, task_version
  from stg_task_events
  where event_at >= $from and event_at < $to and task_version is not null
),

tasks as (
  select
    task_key, min(account_id) as account_id, min(task_arn) as task_arn, count(distinct task_version) as states, min(task_version) as first_version,
    max(task_version) as last_version, array_agg(distinct task_version) as versions
  from states
  group by task_key
)

select
  account_id, task_arn, states, first_version, last_version, last_version - first_version + 1 - states as missing_states,
  array_to_string(list_filter(range(first_version, last_version + 1), lambda n: not list_contains(versions, n)), ', ') as missing_versions
from tasks
where last_version - first_version + 1 > states
order by account_id, task_arn, first_version
