/*---
id: task_without_launcher
title: ECS task that no landed record starts
description: |
  A task is known by its state changes or by the sessions of its role, and neither a RunTask or StartTask call nor a
  deployment, schedule, rule, state machine or job queue accounts for it, though CloudTrail is complete through its start
  and the settling time. Before that the finding is provisional.
  Not seen: tasks that left no record at all; who configured what AWS started (configurer_missing, which coverage counts).
severity: medium
sources: [cloudtrail, ecs_events]
absence_of: [cloudtrail]
controls: [soc2:CC6.1, soc2:CC7.2, soc2:PI1.4, iso27001:A.8.15, iso27001:A.8.16]
false_positives: |
  A trail that leaves out the account, region or write events of the call. A call older than the landed records, for a task
  that has run ever since. A record over 256 KB, which CloudWatch Logs and EventBridge never get.
runbook: |
  1. Ask for the task (`whoran ask` with its ARN) and read what is known of it, startedBy and group included: they are
     claims, and a place to begin.
  2. Look for RunTask and StartTask in the account's event history around the task's start, and ingest what is missing.
  3. If CloudTrail itself has none, check the trail's event selectors and its digest files for that hour.
---*/
with tasks as (
  select task_key, task_arn, cluster_name, task_at, reason, is_provisional
  from cor_task_launchers
  where reason = 'launcher_missing'
),
task_events as (
  select task_key, account_id, event_id, event_at
  from stg_task_events
),
sessions as (
  select session_id, upstream_task_key, opened_at, opened_by_account_id, opened_by_event_id
  from cor_sessions
  where upstream_task_key is not null
),
placed_events as (
  select
    t.task_key, e.account_id, e.event_id, e.event_at,
    row_number() over (partition by t.task_key order by e.event_at, e.account_id, e.event_id) as place
  from tasks t
  join task_events e on e.task_key = t.task_key
),
placed_sessions as (
  select
    t.task_key, s.opened_by_account_id, s.opened_by_event_id, s.opened_at,
    row_number() over (partition by t.task_key order by s.opened_at, s.session_id) as place
  from tasks t
  join sessions s on s.upstream_task_key = t.task_key
),
-- The first record of each kind that shows the task.
shown as (
  select
    t.task_key, t.task_at, t.reason, t.is_provisional,
    coalesce(t.task_arn, split_part(t.task_key, '/', 2)) as task_name,
    e.account_id, e.event_id, e.event_at, s.opened_by_account_id, s.opened_by_event_id, s.opened_at,
    coalesce(t.cluster_name, 'an unknown cluster') as cluster_name
  from tasks t
  left join placed_events e on e.task_key = t.task_key and e.place = 1
  left join placed_sessions s on s.task_key = t.task_key and s.place = 1
)
select
  'task' as subject_kind,
  task_name as subject_id,
  task_at as occurred_at,
  'Task ' || split_part(task_key, '/', 2) || ' ran in ' || cluster_name
    || case
      when is_provisional then ', and no record that starts it is delivered yet'
      else ', and no landed record starts it'
    end as summary,
  'task_without_launcher/' || task_key as dedup_key,
  reason,
  array[
    row('ecs_events', account_id, event_id, event_at),
    row('cloudtrail', opened_by_account_id, opened_by_event_id, opened_at)
  ] as evidence,
  is_provisional
from shown
order by occurred_at, dedup_key
