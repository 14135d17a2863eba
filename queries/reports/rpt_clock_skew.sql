/*---
id: rpt_clock_skew
title: Clocks of the sources against each other
description: |
  Seconds between two records of one thing, each dated by its own source. The second follows the first, so a negative value is a clock
  that differs by at least that much; the smallest bounds how far the first source's clock can be behind. Nothing is corrected by it.
key: [what]
params: { from: timestamptz, to: timestamptz }
controls: [iso27001:A.8.17, soc2:PI1.4]
---*/
with sessions as (
  select s.session_id, s.opened_at, g.created_at
  from cor_sessions s
  inner join cor_sign_ins g on g.sign_in_id = s.sign_in_id and g.tenant_id = s.who_tenant_id
  where s.sign_in_grade = 'exact' and s.session_id = s.root_session_id and s.opened_at >= $from and s.opened_at < $to
),

launches as (
  select task_key, min(event_at) as launched_at
  from stg_task_launches
  where event_at >= $from and event_at < $to
  group by task_key
),

creations as (select task_key, min(created_at) as created_at from stg_task_events where created_at is not null group by task_key),

refusals as (
  select event_id, event_at, checked_at
  from stg_application_logs
  where event_at >= $from and event_at < $to
),

pairs as (
  select 1 as position, 'sign-in (Entra), then session (AWS STS), of one token' as what, date_diff('millisecond', created_at, opened_at) / 1000.0 as seconds
  from sessions
  union all
  select 2, 'task created (ECS), then its RunTask recorded (CloudTrail)', date_diff('millisecond', c.created_at, l.launched_at) / 1000.0
  from launches l
  inner join creations c on c.task_key = l.task_key
  union all
  select 3, 'token refused (AWS STS), then logged (the application)', date_diff('millisecond', checked_at, event_at) / 1000.0
  from refusals
),

named as (
  select position, what
  from (
    values
      (1, 'sign-in (Entra), then session (AWS STS), of one token'),
      (2, 'task created (ECS), then its RunTask recorded (CloudTrail)'),
      (3, 'token refused (AWS STS), then logged (the application)')
  ) as n (position, what)
)

select
  n.what, count(p.what) as pairs, min(p.seconds) as least_seconds, median(p.seconds) as median_seconds, max(p.seconds) as greatest_seconds,
  case
    when count(p.what) = 0 then 'no pair in the period: not measured'
    when min(p.seconds) < 0 then 'clocks differ by ' || cast(-min(p.seconds) as varchar) || ' s or more'
    else 'in order'
  end as note
from named n
left join pairs p on p.position = n.position
group by n.position, n.what
order by n.position
