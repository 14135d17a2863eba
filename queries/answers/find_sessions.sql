/*---
id: find_sessions
title: The sessions that a session ARN means
description: |
  Every session with this ARN, and every caller that used it without a landed record that issues it; newest first, or the
  one alive at a time first (RULINGS 3).
params:
  session_arn: { type: text, description: "ARN of an assumed role session or federated user" }
  at: { type: timestamp, default: null, description: "Alive then, or null for the latest" }
---*/
with sessions as (select session_id, session_arn, opened_at, expires_at from cor_sessions),

callers as (
  select session_id, max(principal_arn) as principal_arn, max(last_used_at) as last_used_at
  from cor_callers
  where principal_arn = $session_arn
  group by session_id
),

matches as (
  select s.session_id, s.opened_at, coalesce(s.expires_at, c.last_used_at) as last_at
  from sessions s
  left join callers c on c.session_id = s.session_id
  where s.session_arn = $session_arn or c.principal_arn = $session_arn
)

select
  session_id, opened_at,
  coalesce(opened_at <= $at::timestamptz and (last_at is null or last_at >= $at::timestamptz), false) as is_alive
from matches
order by is_alive desc, opened_at desc nulls last, session_id
