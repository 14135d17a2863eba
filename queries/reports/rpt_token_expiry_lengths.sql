/*---
id: rpt_token_expiry_lengths
title: Length of sessions
description: |
  Sessions of people and workloads opened in the period, from opening to expiry; those that AWS issues to its own services and to tasks are left out, and so
  is a session whose record names no expiry. AWS itself allows 1 hour by role chaining, and 12 hours else (36 for a session or federation token). Longer than the
  policy: where a limit is configured (detection session_longer_than_policy), the sessions that it found; none otherwise.
key: [label]
params: { from: timestamptz, to: timestamptz }
controls: [soc2:CC6.1, iso27001:A.5.17, iso27001:A.8.5]
---*/
with left_out as (select account_id, cluster_name, role_arn from report_left_out),

tasks as (select task_key, cluster_name from cor_task_launchers),

sessions as (
  select session_id, session_kind, date_diff('millisecond', opened_at, expires_at) / 1000.0 as length_seconds
  from cor_sessions s
  left join tasks t on t.task_key = s.upstream_task_key
  where
    is_issued and opened_at >= $from and opened_at < $to and expires_at is not null
    and session_kind in ('web_identity', 'saml', 'role', 'federation_token', 'session_token')
    and not exists (
      select 1 from left_out o
      where o.account_id = coalesce(s.account_id, '') and o.cluster_name = coalesce(t.cluster_name, '') and o.role_arn = coalesce(s.role_arn, '')
    )
),

too_long as (
  select distinct subject_id as session_id
  from finding_life
  where detection = 'session_longer_than_policy' and subject_kind = 'session'
),

lengths as (
  select s.session_kind, s.length_seconds, t.session_id is not null as is_too_long
  from sessions s
  left join too_long t on t.session_id = s.session_id
),

classes as (
  select place, label, over_seconds, through_seconds
  from (
    values
      (1, 'up to 15 min', cast(null as double), 900.0),
      (2, 'over 15 min to 1 h', 900.0, 3600.0),
      (3, 'over 1 h to 2 h', 3600.0, 7200.0),
      (4, 'over 2 h to 4 h', 7200.0, 14400.0),
      (5, 'over 4 h to 8 h', 14400.0, 28800.0),
      (6, 'over 8 h to 12 h', 28800.0, 43200.0),
      (7, 'over 12 h', 43200.0, cast(null as double))
  ) as c (place, label, over_seconds, through_seconds)
)

select
  c.label,
  count(l.length_seconds) filter (where not l.is_too_long and l.session_kind in ('web_identity', 'saml')) as by_token,
  count(l.length_seconds) filter (where not l.is_too_long and l.session_kind = 'role') as by_role,
  count(l.length_seconds) filter (where not l.is_too_long and l.session_kind in ('federation_token', 'session_token')) as by_key,
  count(l.length_seconds) filter (where l.is_too_long) as longer_than_policy
from classes c
left join lengths l
  on l.length_seconds <= coalesce(c.through_seconds, l.length_seconds) and (c.over_seconds is null or l.length_seconds > c.over_seconds)
group by c.place, c.label
order by c.place
