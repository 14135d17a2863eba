/*---
id: rpt_token_expiry_outlived
title: How long tasks went on after the session that started them
description: |
  Every task of the period that a session with a known expiry started: whether it ended before that session did, or by how long it outlived it. A task without a
  landed end is counted to the end of what the sources cover, apart from the others: it may have ended, or go on.
key: [label]
params: { from: timestamptz, to: timestamptz }
controls: [soc2:CC6.2, soc2:CC6.3, iso27001:A.5.18]
---*/
with left_out as (select account_id, cluster_name, role_arn from report_left_out),

tasks as (
  select task_at, stopped_at, launcher_session_id
  from cor_tasks t
  where
    task_at >= $from and task_at < $to and how = 'ran'
    and not exists (
      select 1 from left_out o
      where o.account_id = coalesce(t.account_id, '') and o.cluster_name = coalesce(t.cluster_name, '') and o.role_arn = coalesce(t.launcher_role_arn, '')
    )
),

sessions as (select session_id, expires_at from cor_sessions where expires_at is not null),

clock as (select max(complete_through) as covered_through from stg_sources),

outlived as (
  select
    t.stopped_at is null as is_end_unknown,
    date_diff('millisecond', s.expires_at, coalesce(t.stopped_at, c.covered_through)) / 1000.0 as outlived_seconds
  from tasks t
  inner join sessions s on s.session_id = t.launcher_session_id
  cross join clock c
),

classes as (
  select place, label, over_seconds, through_seconds
  from (
    values
      (1, 'not longer', cast(null as double), 0.0),
      (2, 'up to 1 h longer', 0.0, 3600.0),
      (3, 'over 1 h to 4 h', 3600.0, 14400.0),
      (4, 'over 4 h to 1 day', 14400.0, 86400.0),
      (5, 'over 1 day to 7 days', 86400.0, 604800.0),
      (6, 'over 7 days', 604800.0, cast(null as double))
  ) as c (place, label, over_seconds, through_seconds)
)

select
  c.label,
  count(o.outlived_seconds) filter (where not o.is_end_unknown) as ended,
  count(o.outlived_seconds) filter (where o.is_end_unknown) as end_unknown
from classes c
left join outlived o
  on o.outlived_seconds <= coalesce(c.through_seconds, o.outlived_seconds) and (c.over_seconds is null or o.outlived_seconds > c.over_seconds)
group by c.place, c.label
order by c.place
