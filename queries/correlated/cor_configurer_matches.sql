/*---
id: cor_configurer_matches
title: Calls that may have configured a task
description: |
  By exact name (a deployment's id; a schedule's or rule's name, the latest call before the task), by prefix where startedBy
  may be cut, or by time where no name is left: the quarter of an hour before (RULINGS 17, 18). preference 1 beats 2:
  PutTargets beats PutRule.
---*/
with orders as (select * from cor_task_orders where wanted_kind is not null),

configurers as (
  select c.account_id, c.aws_region, c.event_id, c.event_at, c.kind, c.name, c.caller_key,
    'service:' || nullif(regexp_extract(c.service_arn, '[^/]+$'), '') as service_group
  from stg_configurers c
  -- A response lists older deployments too: one that existed before the call is not the call's, even where its own is lost.
  where c.name_created_at is null or c.name_created_at >= minutes_after(c.event_at, -5)
),

-- One row a call that might have configured the task. preference 1 beats 2 (PutTargets beats PutRule).
by_name as (
  select o.task_key,
    -- A service's tasks carry its name as their group: another group speaks against a startedBy that could be forged.
    o.is_cut or coalesce(o.wanted_kind = 'deployment' and o.task_group <> c.service_group, false) as is_doubtful,
    c.account_id, c.event_id, c.event_at, c.kind, c.name, c.caller_key,
    case when c.kind = 'rule' then 2 else 1 end as preference
  from orders o
  inner join configurers c
    on c.account_id = o.account_id and c.name = o.wanted_name
    and (c.kind = o.wanted_kind or (o.wanted_kind = 'rule' and c.kind = 'rule_target'))
  where not o.is_cut
    and c.event_at <= minutes_after(o.task_at, case when o.wanted_kind = 'deployment' then 2 else 0 end)
    and (o.wanted_kind = 'deployment' or coalesce(c.aws_region = o.aws_region, true))
),

by_prefix as (
  select o.task_key, o.is_cut as is_doubtful, c.account_id, c.event_id, c.event_at, c.kind, c.name, c.caller_key,
    case when c.kind = 'rule' then 2 else 1 end as preference
  from orders o
  inner join configurers c
    on c.account_id = o.account_id and starts_with(c.name, o.wanted_name)
    and (c.kind = o.wanted_kind or (o.wanted_kind = 'rule' and c.kind = 'rule_target'))
  where o.is_cut and o.wanted_kind in ('rule', 'schedule')
    and c.event_at <= o.task_at and coalesce(c.aws_region = o.aws_region, true)
),

-- Step Functions and Batch leave no name: the one call of the quarter of an hour before (RULINGS 18).
by_time as (
  select o.task_key, true as is_doubtful, c.account_id, c.event_id, c.event_at, c.kind, c.name, c.caller_key, 1 as preference
  from orders o
  inner join configurers c
    on c.account_id = o.account_id and c.aws_region = o.aws_region and c.kind = o.wanted_kind
    and c.event_at between minutes_after(o.task_at, -15) and o.task_at
  where o.wanted_kind in ('execution', 'job')
),

matches as (
  select * from by_name
  union all select * from by_prefix
  union all select * from by_time
)

select
  task_key, is_doubtful, account_id, event_id, event_at, kind, name, caller_key, preference,
  row_number() over (
    partition by task_key
    order by preference, case when kind = 'deployment' then event_at end, event_at desc, event_id
  ) as choice,
  row_number() over (partition by task_key, name order by preference, event_at desc, event_id) as choice_of_name,
  kind in ('execution', 'job') as is_by_time
from matches
