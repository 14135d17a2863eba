/*---
id: cor_task_launchers
title: Who or what started each task
description: |
  One row a task: the landed RunTask or StartTask that names it (which always wins, since startedBy can be forged), else the
  deployment, schedule, rule, state machine or queue that startedBy points to, and the call that configured that
  (ATTRIBUTION 2; RULINGS 1, 12, 17, 18). Where several names fit a cut-off one, or several executions the time, nobody is
  picked. Without a landed launch the hop is inferred until CloudTrail is complete through the task's start and settle.
---*/
with settings as (
  select
    s.settle_minutes,
    (select max(complete_through) from stg_sources where source = 'cloudtrail') as complete_through
  from cfg_settings s
),

counted as (
  select task_key, count(distinct name) as names, count(distinct event_id) as calls
  from cor_configurer_matches
  group by task_key
),

picked as (
  select m.task_key, m.account_id, m.event_id, m.caller_key, m.is_doubtful
  from cor_configurer_matches m
  inner join counted c on c.task_key = m.task_key
  where m.choice = 1 and case when m.is_by_time then c.calls = 1 else c.names = 1 end
)

select
  o.task_key, o.account_id, o.task_arn,
  coalesce(
    nullif(regexp_extract(o.cluster_arn, '[^/]+$'), ''),
    case when split_part(o.task_arn, '/', 3) <> '' then split_part(o.task_arn, '/', 2) end
  ) as cluster_name,
  o.aws_region, o.task_definition_arn, o.started_by, o.task_group, o.task_at, o.started_at, o.stopped_at, o.last_status,
  case
    when o.is_launched and o.order_kind is null then 'ran'
    when o.wanted_kind is not null then 'configured'
  end as how,
  case
    when o.is_launched and o.order_kind is null then 'run_task'
    when o.wanted_kind = 'deployment' then 'service_deployment'
    when o.wanted_kind is not null then 'scheduler'
  end as method,
  case
    when o.is_launched and o.order_kind is null then 'proved'
    when p.event_id is null then 'none'
    when p.is_doubtful then 'inferred'
    when o.is_launched or coalesce(s.complete_through >= minutes_after(o.task_at, s.settle_minutes), false) then 'proved'
    else 'inferred'
  end as confidence,
  o.launch_account_id, o.launch_event_id, o.launch_caller_key,
  p.account_id as configurer_account_id, p.event_id as configurer_event_id, p.caller_key as configurer_caller_key,
  case when o.is_launched and o.order_kind is null then o.launch_caller_key else p.caller_key end as launcher_caller_key,
  case
    when o.is_launched and o.order_kind is null then null
    when p.event_id is not null then null
    when o.wanted_kind is not null then 'configurer_missing'
    else 'launcher_missing'
  end as reason,
  not (o.is_launched and (o.order_kind is null or p.event_id is not null))
    and not coalesce(s.complete_through >= minutes_after(o.task_at, s.settle_minutes), false) as is_provisional
from cor_task_orders o
cross join settings s
left join picked p on p.task_key = o.task_key
