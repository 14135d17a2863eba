/*---
id: views
title: The correlated views
description: Tasks, ECS actions and the coverage population with their answers, joined when they are read.
---*/

-- A task with the answer of the session it leads back to. Columns who_* … as in cor_sessions; `confidence` is the weakest hop,
-- `hop_confidence` that of the task's own hop; `how`, `reason`, `is_provisional`, `is_traced` are the task's.
create or replace view cor_tasks as
select
  t.* exclude (how, confidence, reason, is_provisional),
  t.confidence as hop_confidence,
  s.session_id as launcher_session_id, s.role_arn as launcher_role_arn,
  coalesce(s.who_kind, 'unknown') as who_kind, s.who_tenant_id, s.who_object_id, s.who_issuer, s.who_subject, s.who_name,
  s.identity_method, s.sign_in_grade, s.sign_in_id,
  case when t.how is null then null when t.how = 'configured' or s.how = 'configured' then 'configured' else t.how end as how,
  case
    when t.reason is not null or coalesce(s.confidence, 'none') = 'none' then 'none'
    when 'inferred' in (t.confidence, s.confidence) then 'inferred'
    when 'asserted' in (t.confidence, s.confidence) then 'asserted'
    else 'proved'
  end as confidence,
  coalesce(t.reason, s.reason, case when s.session_id is null then 'session_origin_missing' end) as reason,
  t.is_provisional or coalesce(s.is_provisional, false) as is_provisional,
  t.how = 'ran' and coalesce(s.is_traced, false) and s.how = 'ran' as is_traced
from cor_task_launchers t
left join cor_callers c on c.caller_key = t.launcher_caller_key
left join cor_sessions s on s.session_id = c.session_id;

-- ECS actions with the answer of their caller's session.
create or replace view cor_ecs_actions as
select
  a.*, s.session_id, s.role_arn, c.session_method,
  coalesce(s.who_kind, 'unknown') as who_kind, s.who_tenant_id, s.who_object_id, s.who_issuer, s.who_subject, s.who_name,
  s.identity_method, coalesce(s.confidence, 'none') as confidence, coalesce(s.how, 'ran') as how,
  coalesce(s.sign_in_grade, 'none') as sign_in_grade, s.sign_in_id,
  case when s.session_id is null then 'session_origin_missing' else s.reason end as reason,
  coalesce(s.is_provisional, false) as is_provisional, coalesce(s.is_traced, false) as is_traced
from stg_ecs_actions a
left join cor_callers c on c.caller_key = a.caller_key
left join cor_sessions s on s.session_id = c.session_id;

-- The coverage population (INTERFACE, RULINGS 22): ECS actions that change something, and tasks. outcome is one of
-- traced | configured | not_traced | not_yet_due. cluster_name is null where the record names none. role_arn: of the session that made or
-- launched it.
create or replace view cor_population as
with actions as (
  select
    event_id as id, 'action' as kind, event_at as "at", account_id, cluster_name, event_name as name,
    who_kind, who_tenant_id, who_object_id, who_issuer, who_subject, who_name, identity_method, confidence, how,
    sign_in_grade, sign_in_id, reason, is_provisional, is_traced, session_id, role_arn
  from cor_ecs_actions
  where error_code is null and not is_read_only
    and event_name not in (
      'SubmitTaskStateChange', 'SubmitContainerStateChange', 'SubmitAttachmentStateChanges', 'DiscoverPollEndpoint', 'Poll',
      'StartTelemetrySession', 'RegisterContainerInstance', 'DeregisterContainerInstance', 'UpdateContainerInstancesState',
      'UpdateContainerAgent'
    )
),
tasks as (
  select
    coalesce(task_arn, split_part(task_key, '/', 2)) as id, 'task' as kind, task_at as "at", account_id, cluster_name,
    task_definition_arn as name,
    who_kind, who_tenant_id, who_object_id, who_issuer, who_subject, who_name, identity_method, confidence, how,
    sign_in_grade, sign_in_id, reason, is_provisional, is_traced, launcher_session_id as session_id,
    launcher_role_arn as role_arn
  from cor_tasks
),
both_kinds as (select * from actions union all by name select * from tasks)
select
  *,
  case
    when is_traced then 'traced'
    when how = 'configured' and (reason is null or reason = 'ambiguous_sign_in') then 'configured'
    when is_provisional then 'not_yet_due'
    else 'not_traced'
  end as outcome
from both_kinds;
