/*---
id: ssm_session_bypasses_exec_logging
title: Somebody entered a task by Session Manager, round ECS and its exec logging
description: |
  An `ssm:StartSession` on an `ecs:` target that was accepted and that ECS did not make. Whoever may call it enters a container as
  ExecuteCommand does, or forwards its ports, and the cluster's `executeCommandConfiguration` writes nothing of it down. ECS opens
  such a session itself for each ExecuteCommand: it is told by who made the call (`invokedBy`, and the address, which AWS writes), or by
  an ExecuteCommand whose response names the session. Ids of sessions begin with a name that the caller chooses, so they tell nothing.
  Not seen: refused calls; sessions that are resumed; targets that CloudTrail left out; what was typed.
severity: high
sources: [cloudtrail]
controls: [soc2:CC6.1, soc2:CC7.2, iso27001:A.8.2, iso27001:A.8.15, iso27001:A.8.16]
false_positives: |
  People who forward a port through a task that is meant for that: give its cluster or role an exception with an owner and an end.
runbook: |
  1. Ask for the event (`whoran ask` with its id): who entered, and by which session.
  2. Read Session Manager's history and its own session log (`aws ssm describe-sessions --state History`): the exec log has nothing.
  3. Stop the task if it is not understood, and deny people `ssm:StartSession` on ECS tasks in IAM, as AWS advises for ECS Exec:
     ExecuteCommand is another permission.
---*/
with entries as (
  select
    account_id, event_id, event_at, source_ip, error_code, invoked_by, caller_key, target, document_name, ssm_session_id, cluster_name, task_key
  from stg_ssm_sessions
),
commands as (
  select distinct account_id, exec_session_id
  from stg_ecs_actions
  where exec_session_id is not null
),
callers as (
  select caller_key, session_id
  from cor_callers
),
sessions as (
  select session_id, reason, opened_by_account_id, opened_by_event_id, opened_at
  from cor_sessions
),
settings as (
  select max(settle_minutes) as settle_minutes
  from cfg_settings
),
landed as (
  select max(complete_through) as complete_through
  from stg_sources
  where source = 'cloudtrail'
),
direct as (
  select e.account_id, e.event_id, e.event_at, e.caller_key, e.target, e.document_name, e.cluster_name, e.task_key
  from entries e
  left join commands c on c.account_id = e.account_id and c.exec_session_id = e.ssm_session_id
  where e.error_code is null and c.exec_session_id is null
    and coalesce(e.invoked_by, '-') <> 'ecs.amazonaws.com' and coalesce(e.source_ip, '-') <> 'ecs.amazonaws.com'
)
select
  'event' as subject_kind,
  d.event_id as subject_id,
  d.event_at as occurred_at,
  case when d.task_key is null then 'Target ' || d.target else 'Task ' || split_part(d.task_key, '/', 2) || ' in ' || d.cluster_name end
    || ' was entered by ssm:StartSession'
    || case when d.document_name is null then '' else ' with document ' || d.document_name end
    || ' and not by ECS ExecuteCommand: the exec log holds nothing of it' as summary,
  'ssm_session_bypasses_exec_logging/' || d.account_id || '/' || d.event_id as dedup_key,
  case when s.session_id is null then 'session_origin_missing' else s.reason end as reason,
  array[
    row('cloudtrail', d.account_id, d.event_id, d.event_at),
    row('cloudtrail', s.opened_by_account_id, s.opened_by_event_id, s.opened_at)
  ] as evidence,
  -- The ExecuteCommand that names the session may come yet.
  g.settle_minutes is null or l.complete_through is null
    or l.complete_through < d.event_at + g.settle_minutes * interval '1' minute as is_provisional
from direct d
left join callers c on c.caller_key = d.caller_key
left join sessions s on s.session_id = c.session_id
cross join settings g
cross join landed l
order by occurred_at, dedup_key
