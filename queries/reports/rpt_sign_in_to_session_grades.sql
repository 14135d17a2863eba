/*---
id: rpt_sign_in_to_session_grades
title: By issuer and grade
description: |
  The federated sessions of the period by who issued the token, the grade of the sign-in, and the reason where there is none. Age: from the
  sign-in to the session; a token lives for 60 to 90 minutes as a rule, and longer where Continuous Access Evaluation is in use.
key: [issuer, sign_in_grade, reason]
params: { from: timestamptz, to: timestamptz }
controls: [soc2:CC6.1, iso27001:A.5.17, iso27001:A.8.5]
---*/
with left_out as (select account_id, cluster_name, role_arn from report_left_out),

sessions as (
  select session_id, coalesce(issuer, provider, '') as issuer, sign_in_grade, sign_in_id, who_tenant_id, reason, opened_at
  from cor_sessions s
  where
    session_kind in ('web_identity', 'saml') and is_issued and opened_at >= $from and opened_at < $to
    and not exists (
      select 1 from left_out o
      where o.account_id = coalesce(s.account_id, '') and o.cluster_name = '' and o.role_arn = coalesce(s.role_arn, '')
    )
),

sign_ins as (select tenant_id, sign_in_id, created_at from cor_sign_ins),

aged as (
  select s.issuer, s.sign_in_grade, s.reason, date_diff('millisecond', g.created_at, s.opened_at) / 1000.0 as age_seconds
  from sessions s
  left join sign_ins g on g.tenant_id = s.who_tenant_id and g.sign_in_id = s.sign_in_id
)

select
  issuer, sign_in_grade, reason, count(*) as sessions, min(age_seconds) as least_seconds, median(age_seconds) as median_seconds,
  max(age_seconds) as greatest_seconds
from aged
group by issuer, sign_in_grade, reason
order by sessions desc, issuer, sign_in_grade, reason nulls first
