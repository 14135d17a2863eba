/*---
id: task_credentials_used_after_stop
title: A task's credentials used after the task stopped
description: |
  A key that ECS gave to a task was used later than the task's `stoppedAt` and a margin: whoever uses it is not the task. One
  finding for a key: its subject is the first such call, refused ones included, the summary counts them, and the latest is evidence too.
  Not seen: tasks whose end no landed ECS event tells; use from elsewhere while the task still runs
  (task_credentials_used_from_new_address); calls that AWS services make on the task's behalf, which may follow late.
severity: critical
sources: [cloudtrail, ecs_events]
controls: [soc2:CC6.1, soc2:CC7.2, soc2:CC7.3, iso27001:A.8.15, iso27001:A.8.16]
params:
  grace_minutes:
    type: integer
    default: 5
    description: How long after `stoppedAt` a call may still be the task's own, for clocks and records that are dated at their end (RULINGS, "Detections").
false_positives: |
  A service that records a call when it ends, long after it was made. A task on an instance that lost its connection: ECS counts it
  as stopped, and it still runs.
runbook: |
  1. Ask for the event (`whoran ask` with its id), and for the address that it came from: is it one of ours?
  2. Revoke the role's sessions that were issued until now (IAM console, "Revoke active sessions", or a policy on
     aws:TokenIssueTime); running tasks get new ones at the next refresh.
  3. Ask for the key, and look at all that it did after the task stopped; then at how it left the task.
---*/
with tasks as (
  select task_key, task_arn, stopped_at
  from cor_task_launchers
  where stopped_at is not null
),
sessions as (
  select session_id, upstream_task_key, opened_at, opened_by_account_id, opened_by_event_id
  from cor_sessions
  where upstream_task_key is not null
),
callers as (
  select caller_key, session_id, last_used_at
  from cor_callers
),
events as (
  select account_id, event_id, event_at, event_source, event_name, source_ip, invoked_by, caller_key
  from stg_events
),
task_events as (
  select task_key, account_id, event_id, event_at
  from stg_task_events
  where stopped_at is not null
),
-- A few rows as a rule, so that the events below are sought by key and time and never read through.
late_callers as (
  select
    c.caller_key, c.last_used_at, s.session_id, s.opened_at, s.opened_by_account_id, s.opened_by_event_id,
    t.task_key, t.stopped_at, t.stopped_at + $grace_minutes * interval '1' minute as late_from
  from callers c
  join sessions s on s.session_id = c.session_id
  join tasks t on t.task_key = s.upstream_task_key
  where c.last_used_at > t.stopped_at + $grace_minutes * interval '1' minute
),
late_calls as (
  select
    e.account_id, e.event_id, e.event_at, e.event_source, e.event_name, e.source_ip,
    l.session_id, l.opened_at, l.opened_by_account_id, l.opened_by_event_id, l.task_key, l.stopped_at
  from events e
  join late_callers l on l.caller_key = e.caller_key and e.event_at > l.late_from and e.event_at <= l.last_used_at
  where e.invoked_by is null and not (e.source_ip is not null and (e.source_ip like '%.amazonaws.com' or e.source_ip = 'AWS Internal'))
),
placed_calls as (
  select
    account_id, event_id, event_at, event_source, event_name, source_ip, session_id, opened_at, opened_by_account_id, opened_by_event_id,
    task_key, stopped_at,
    row_number() over (partition by session_id order by event_at, account_id, event_id) as place,
    row_number() over (partition by session_id order by event_at desc, account_id desc, event_id desc) as place_from_last,
    count(*) over (partition by session_id) as calls
  from late_calls
),
-- Somebody who closes the finding closes it for what they saw: a later call is new evidence, and opens it again.
latest_calls as (
  select session_id, account_id, event_id, event_at
  from placed_calls
  where place_from_last = 1 and place > 1
),
placed_stops as (
  select
    e.task_key, e.account_id, e.event_id, e.event_at,
    row_number() over (partition by e.task_key order by e.event_at, e.account_id, e.event_id) as place
  from task_events e
  join (select distinct task_key from late_callers) l on l.task_key = e.task_key
),
found as (
  select
    c.account_id, c.event_id, c.event_at, c.event_source, c.event_name, c.source_ip, c.session_id, c.opened_at, c.opened_by_account_id,
    c.opened_by_event_id, c.task_key, c.stopped_at, c.calls,
    p.account_id as stop_account_id, p.event_id as stop_event_id, p.event_at as stop_event_at,
    l.account_id as latest_account_id, l.event_id as latest_event_id, l.event_at as latest_event_at
  from placed_calls c
  left join latest_calls l on l.session_id = c.session_id
  left join placed_stops p on p.task_key = c.task_key and p.place = 1
  where c.place = 1
)
select
  'event' as subject_kind,
  event_id as subject_id,
  event_at as occurred_at,
  'Key ' || session_id || ' of task ' || split_part(task_key, '/', 2) || ' called ' || coalesce(event_name, 'something') || ' on '
    || coalesce(event_source, 'an unknown service') || ' from ' || coalesce(source_ip, 'an unknown address') || ' '
    || cast(date_diff('minute', stopped_at, event_at) as varchar) || ' minutes after the task had stopped'
    || case when calls = 2 then ', and once more' when calls > 2 then ', and ' || cast(calls - 1 as varchar) || ' more times' else '' end as summary,
  'task_credentials_used_after_stop/' || session_id as dedup_key,
  cast(null as varchar) as reason,
  array[
    row('cloudtrail', account_id, event_id, event_at),
    row('ecs_events', stop_account_id, stop_event_id, stop_event_at),
    row('cloudtrail', opened_by_account_id, opened_by_event_id, opened_at),
    row('cloudtrail', latest_account_id, latest_event_id, latest_event_at)
  ] as evidence,
  -- Both times are in landed records; nothing that may still come is awaited.
  false as is_provisional
from found
order by occurred_at, dedup_key
