/*---
id: scope_tasks
title: Tasks that new records touch
description: |
  By their own records, a role session, a launch call whose caller is now known better, a call that may have configured them,
  or because time has passed (provisional).
params: { since: { type: integer } }
---*/
with new_configurers as (
  select account_id, aws_region, kind, name, event_at from stg_configurers where batch_seq > $since
),

by_order as (
  select t.task_key
  from cor_task_launchers t
  inner join new_configurers c
    on c.account_id = t.account_id
    and (
      (c.kind = 'deployment' and t.started_by = c.name)
      or (c.kind in ('rule', 'rule_target') and starts_with('events-rule/' || c.name, t.started_by))
      or (c.kind = 'schedule' and starts_with('chronos-schedule/' || c.name, t.started_by))
      or (c.kind in ('execution', 'job') and t.task_at between c.event_at and minutes_after(c.event_at, 15))
    )
  where t.method is null or t.method <> 'run_task'
)

select task_key from stg_task_launches where batch_seq > $since
union
select task_key from stg_task_events where batch_seq > $since
union
select o.task_key from cor_sessions_opened o
inner join scope_opened s on s.session_id = o.session_id
where o.task_key is not null
union
select t.task_key from cor_task_launchers t
inner join scope_opened s on s.session_id = t.launch_caller_key
union
select task_key from by_order
union
select task_key from cor_task_launchers where is_provisional
