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
with sessions as (
  select session_kind, account_id, date_diff('millisecond', opened_at, expires_at) / 1000.0 as length_seconds
  from cor_sessions
  where is_issued and opened_at >= $from and opened_at < $to
)

select
  session_kind, account_id, count(*) as sessions, count(*) filter (where length_seconds is null) as without_expiry,
  min(length_seconds) as least_seconds, median(length_seconds) as median_seconds, max(length_seconds) as greatest_seconds
from sessions
group by session_kind, account_id
order by session_kind, account_id nulls last
