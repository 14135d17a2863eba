/*---
id: address_sessions
title: The sessions opened from an address
description: Newest first, with when each was opened and expires or was last used (RULINGS 23). `total` counts them all.
params:
  address: { type: text, description: "IP address, lower case" }
  from_at: { type: timestamp, default: null, description: "Opened at or after this instant" }
  to_at: { type: timestamp, default: null, description: "Opened before this instant" }
  row_limit: { type: integer, description: "How many rows at most" }
---*/
with sessions as (
  select session_id, role_arn, opened_at, expires_at, confidence, how, reason
  from cor_sessions
  where
    lower(source_ip) = $address and is_issued
    and ($from_at::timestamptz is null or opened_at >= $from_at::timestamptz)
    and ($to_at::timestamptz is null or opened_at < $to_at::timestamptz)
),

callers as (
  select session_id, max(last_used_at) as last_used_at
  from cor_callers
  where session_id in (select session_id from sessions)
  group by session_id
)

select
  s.session_id as id, s.role_arn, s.opened_at as "from", coalesce(s.expires_at, c.last_used_at) as "to",
  s.confidence, s.how, s.reason, count(*) over () as total
from sessions s
left join callers c on c.session_id = s.session_id
order by s.opened_at desc nulls last, s.session_id
limit $row_limit
