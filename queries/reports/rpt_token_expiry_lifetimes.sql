/*---
id: rpt_token_expiry_lifetimes
title: Lifetimes of sessions
description: |
  Sessions opened in the period by how they were opened, with the shortest, the median and the longest time from opening to expiry. A session whose
  record names no expiry is counted, and not measured.
key: [session_kind, account_id]
params: { from: timestamptz, to: timestamptz }
controls: [soc2:CC6.1, iso27001:A.5.17, iso27001:A.8.5]
---*/
with left_out as (select account_id, cluster_name, role_arn from report_left_out),

tasks as (select task_key, cluster_name from cor_task_launchers),

sessions as (
  select s.session_kind, s.account_id, date_diff('millisecond', s.opened_at, s.expires_at) / 1000.0 as length_seconds
  from cor_sessions s
  left join tasks t on t.task_key = s.upstream_task_key
  where
    s.is_issued and s.opened_at >= $from and s.opened_at < $to
    and not exists (
      select 1 from left_out o
      where o.account_id = coalesce(s.account_id, '') and o.cluster_name = coalesce(t.cluster_name, '') and o.role_arn = coalesce(s.role_arn, '')
    )
)

select
  session_kind, account_id, count(*) as sessions, count(*) filter (where length_seconds is null) as without_expiry,
  min(length_seconds) as least_seconds, median(length_seconds) as median_seconds, max(length_seconds) as greatest_seconds
from sessions
group by session_kind, account_id
order by session_kind, account_id nulls last
