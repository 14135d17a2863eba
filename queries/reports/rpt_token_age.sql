/*---
id: rpt_token_age
title: Age of tokens when they opened a session
description: |
  From the sign-in that issued the token to the session that it opened, for sessions of the period whose sign-in is known. A session whose sign-in is not known,
  or not which of several, has no age and is not counted here. Less than 0 is a clock that goes ahead, or a row that Entra dated later.
key: [label]
params: { from: timestamptz, to: timestamptz }
controls: [soc2:CC6.1, iso27001:A.5.17, iso27001:A.8.5]
---*/
with left_out as (select account_id, cluster_name, role_arn from report_left_out),

sessions as (
  select who_tenant_id, sign_in_id, sign_in_grade, opened_at
  from cor_sessions s
  where
    session_kind in ('web_identity', 'saml') and is_issued and opened_at >= $from and opened_at < $to
    and sign_in_grade in ('exact', 'window')
    and not exists (
      select 1 from left_out o
      where o.account_id = coalesce(s.account_id, '') and o.cluster_name = '' and o.role_arn = coalesce(s.role_arn, '')
    )
),

sign_ins as (select tenant_id, sign_in_id, created_at from cor_sign_ins),

ages as (
  select s.sign_in_grade, date_diff('millisecond', g.created_at, s.opened_at) / 1000.0 as age_seconds
  from sessions s
  inner join sign_ins g on g.tenant_id = s.who_tenant_id and g.sign_in_id = s.sign_in_id
),

classes as (
  select place, label, least_seconds, below_seconds
  from (
    values
      (1, 'less than 0', cast(null as double), 0.0),
      (2, '0 to 1 min', 0.0, 60.0),
      (3, '1 to 5 min', 60.0, 300.0),
      (4, '5 to 15 min', 300.0, 900.0),
      (5, '15 to 30 min', 900.0, 1800.0),
      (6, '30 to 60 min', 1800.0, 3600.0),
      (7, '60 to 90 min', 3600.0, 5400.0),
      (8, '90 min to 24 h', 5400.0, 86400.0),
      (9, '24 h and more', 86400.0, cast(null as double))
  ) as c (place, label, least_seconds, below_seconds)
)

select
  c.label,
  count(a.age_seconds) filter (where a.sign_in_grade = 'exact') as exact,
  count(a.age_seconds) filter (where a.sign_in_grade = 'window') as in_window
from classes c
left join ages a on a.age_seconds >= coalesce(c.least_seconds, a.age_seconds) and (c.below_seconds is null or a.age_seconds < c.below_seconds)
group by c.place, c.label
order by c.place
