/*---
id: rpt_traceability_population
title: From recorded calls to the population
description: |
  Each ECS call that CloudTrail recorded in the period is left out for the first reason that holds, or counted. Copies of one
  record were landed once. Tasks are counted at the time when they came to be: their creation, else the call that started
  them, else their first role session.
key: [step]
params: { from: timestamptz, to: timestamptz }
controls: [soc2:PI1.4, iso27001:A.8.15]
---*/
with left_out as (select account_id, cluster_name, role_arn from report_left_out),

calls as (
  select account_id, event_id, error_code, is_read_only
  from cor_ecs_actions a
  where
    event_at >= $from and event_at < $to
    and not exists (
      select 1 from left_out o
      where o.account_id = coalesce(a.account_id, '') and o.cluster_name = coalesce(a.cluster_name, '') and o.role_arn = coalesce(a.role_arn, '')
    )
),

counted_calls as (
  select account_id, id
  from cor_population p
  where
    p.at >= $from and p.at < $to and kind = 'action'
    and not exists (
      select 1 from left_out o
      where o.account_id = coalesce(p.account_id, '') and o.cluster_name = coalesce(p.cluster_name, '') and o.role_arn = coalesce(p.role_arn, '')
    )
),

tasks as (
  select task_key
  from cor_tasks t
  where
    task_at >= $from and task_at < $to
    and not exists (
      select 1 from left_out o
      where o.account_id = coalesce(t.account_id, '') and o.cluster_name = coalesce(t.cluster_name, '') and o.role_arn = coalesce(t.launcher_role_arn, '')
    )
),

sorted as (
  select
    case
      when p.id is not null then 'counted'
      when c.error_code is not null then 'failed'
      when c.is_read_only then 'reads'
      else 'agent'
    end as fate
  from calls c
  left join counted_calls p on p.account_id = c.account_id and p.id = c.event_id
),

steps as (
  select 1 as position, 'ECS calls recorded' as step, count(*) as amount from sorted
  union all
  select 2, 'left out: the call failed', -count(*) from sorted where fate = 'failed'
  union all
  select 3, 'left out: the call only reads', -count(*) from sorted where fate = 'reads'
  union all
  select 4, 'left out: the container agent''s own call', -count(*) from sorted where fate = 'agent'
  union all
  select 5, 'ECS actions that change something', count(*) from sorted where fate = 'counted'
  union all
  select 6, 'and tasks', count(*) from tasks
  union all
  select 7, 'population', (select count(*) from sorted where fate = 'counted') + (select count(*) from tasks)
)

select step, amount
from steps
order by position
