/*---
id: rpt_sign_in_to_session_totals
title: Federated sessions of the period
description: |
  Sessions that a token or a SAML assertion opened, each counted once, by how well its sign-in is known. The counts add up to the sessions.
key: []
params: { from: timestamptz, to: timestamptz }
controls: [soc2:CC6.1, iso27001:A.8.5]
---*/
with left_out as (select account_id, cluster_name, role_arn from report_left_out),

sessions as (
  select sign_in_grade, confidence, is_provisional
  from cor_sessions s
  where
    session_kind in ('web_identity', 'saml') and is_issued and opened_at >= $from and opened_at < $to
    and not exists (
      select 1 from left_out o
      where o.account_id = coalesce(s.account_id, '') and o.cluster_name = '' and o.role_arn = coalesce(s.role_arn, '')
    )
)

select
  count(*) as sessions,
  count(*) filter (where sign_in_grade = 'exact') as exact,
  count(*) filter (where sign_in_grade = 'window') as in_window,
  count(*) filter (where sign_in_grade = 'ambiguous') as ambiguous,
  count(*) filter (where sign_in_grade = 'none' and not is_provisional) as without_sign_in,
  count(*) filter (where sign_in_grade = 'none' and is_provisional) as not_yet_due,
  count(*) filter (where confidence <> 'none') as named
from sessions
