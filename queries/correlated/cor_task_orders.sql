/*---
id: cor_task_orders
title: Tasks, and the standing order that each seems to come from
description: |
  One row a task that a state change, a launch call or a role session shows. Where AWS started it, `wanted_kind` and
  `wanted_name` say which configuration to look for; `is_cut`: startedBy has 36 characters and may be cut (RULINGS 17).
  A landed launch by anybody but an orchestrating service needs no order: startedBy can be forged.
scope: scope_tasks
---*/
with scope as (select task_key from scope_tasks),

-- Services that start tasks on somebody's standing order, and what that order is called here.
orchestrators as (
  select * from (values
    ('states.amazonaws.com', 'execution'), ('batch.amazonaws.com', 'job'), ('events.amazonaws.com', 'rule'),
    ('scheduler.amazonaws.com', 'schedule'), ('ecs.amazonaws.com', 'deployment'), ('pipes.amazonaws.com', 'pipe')
  ) as o (service, kind)
),

task_events as (
  select
    e.*,
    row_number() over (
      partition by e.task_key order by e.task_version desc nulls last, e.event_at desc, e.event_id desc
    ) as age
  from stg_task_events e
  inner join scope on scope.task_key = e.task_key
),

first_events as (select task_key, min(event_at) as first_event_at from task_events group by task_key),

states as (
  select t.*, f.first_event_at
  from task_events t inner join first_events f on f.task_key = t.task_key
  where t.age = 1
),

all_launches as (
  select
    l.*,
    row_number() over (partition by l.task_key order by l.event_at, l.account_id, l.event_id) as age
  from stg_task_launches l
  inner join scope on scope.task_key = l.task_key
),

launches as (
  select
    l.task_key, l.account_id, l.event_id, l.event_at, l.task_arn, l.cluster_arn, l.task_definition_arn, l.started_by,
    l.task_group, l.aws_region, l.caller_key,
    coalesce(by_event.kind, by_session.kind, case when l.identity_type = 'AWSService' then 'service' end) as order_kind
  from all_launches l
  left join cor_sessions_opened o on o.session_id = l.caller_key and o.session_kind = 'service_role'
  left join orchestrators by_event on by_event.service = l.invoked_by
  left join orchestrators by_session on by_session.service = o.invoked_by
  where l.age = 1
),

role_sessions as (
  select o.task_key, min(o.opened_at) as first_role_session_at
  from cor_sessions_opened o
  inner join scope on scope.task_key = o.task_key
  group by o.task_key
),

tasks as (
  select
    scope.task_key,
    coalesce(s.account_id, l.account_id, split_part(scope.task_key, '/', 1)) as account_id,
    coalesce(s.task_arn, l.task_arn) as task_arn,
    coalesce(s.cluster_arn, l.cluster_arn) as cluster_arn,
    coalesce(nullif(split_part(coalesce(s.task_arn, l.task_arn), ':', 4), ''), s.aws_region, l.aws_region) as aws_region,
    coalesce(s.task_definition_arn, l.task_definition_arn) as task_definition_arn,
    coalesce(s.started_by, l.started_by) as started_by,
    coalesce(s.task_group, l.task_group) as task_group,
    coalesce(s.created_at, l.event_at, r.first_role_session_at, s.first_event_at) as task_at,
    s.started_at, s.stopped_at, s.last_status,
    l.account_id as launch_account_id, l.event_id as launch_event_id, l.caller_key as launch_caller_key, l.order_kind,
    l.task_key is not null as is_launched
  from scope
  left join states s on s.task_key = scope.task_key
  left join launches l on l.task_key = scope.task_key
  left join role_sessions r on r.task_key = scope.task_key
  where s.task_key is not null or l.task_key is not null or r.task_key is not null
)

select
  *,
  case
    when is_launched then order_kind
    when starts_with(started_by, 'ecs-svc/') then 'deployment'
    when starts_with(started_by, 'events-rule/') then 'rule'
    when starts_with(started_by, 'chronos-schedule/') then 'schedule'
    when started_by = 'AWS Step Functions' then 'execution'
  end as wanted_kind,
  case
    when starts_with(started_by, 'ecs-svc/') then started_by
    when starts_with(started_by, 'events-rule/') then substr(started_by, 13)
    when starts_with(started_by, 'chronos-schedule/') then substr(started_by, 18)
  end as wanted_name,
  coalesce(length(started_by) = 36 and not starts_with(started_by, 'ecs-svc/'), false) as is_cut
from tasks
