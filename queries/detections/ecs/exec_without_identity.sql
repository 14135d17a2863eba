/*---
id: exec_without_identity
title: Somebody entered a task, and nobody knows who
description: |
  An ExecuteCommand that was accepted, whose caller leads back to no identity: the key that nothing issues, the subject that
  nothing resolves, the task without a launcher. While a record that may still name somebody is awaited, it is provisional.
  Not seen: refused calls, which entered nothing; sessions that go round ECS (`ssm_session_bypasses_exec_logging` finds those); what was typed.
severity: high
sources: [cloudtrail, sign_ins]
absence_of: [cloudtrail, sign_ins]
controls: [soc2:CC6.1, soc2:CC7.2, iso27001:A.8.15, iso27001:A.8.16]
false_positives: |
  A person whose pairwise subject is not enrolled yet. A trail that leaves out read events drops the records that open sessions.
runbook: |
  1. Ask for the event (`whoran ask` with its id) and read the reason: it says what is missing.
  2. Read what was typed in the cluster's exec log (CloudWatch Logs or S3, object `<session id>.log`), and stop the task if it is
     not understood.
  3. Ask for the address that the call came from; enrol the subject (`whoran identities import`) once it is known.
---*/
with actions as (
  select account_id, event_id, event_at, event_name, error_code, cluster_name, task_key, session_id, who_kind, reason, is_provisional
  from cor_ecs_actions
),
sessions as (
  select session_id, opened_by_account_id, opened_by_event_id, opened_at
  from cor_sessions
),
entered as (
  select
    a.account_id, a.event_id, a.event_at, a.cluster_name, a.task_key, a.reason, a.is_provisional,
    s.opened_by_account_id, s.opened_by_event_id, s.opened_at
  from actions a
  left join sessions s on s.session_id = a.session_id
  where a.event_name = 'ExecuteCommand' and a.error_code is null and a.who_kind = 'unknown'
)
select
  'event' as subject_kind,
  event_id as subject_id,
  event_at as occurred_at,
  'Task ' || coalesce(split_part(task_key, '/', 2), 'of unknown id') || ' in ' || coalesce(cluster_name, 'an unknown cluster')
    || case when is_provisional then ' was entered by ExecuteCommand, and who did it is not known yet' else ' was entered by ExecuteCommand, and no landed record says by whom' end as summary,
  'exec_without_identity/' || account_id || '/' || event_id as dedup_key,
  reason,
  array[
    row('cloudtrail', account_id, event_id, event_at),
    row('cloudtrail', opened_by_account_id, opened_by_event_id, opened_at)
  ] as evidence,
  is_provisional
from entered
order by occurred_at, dedup_key
