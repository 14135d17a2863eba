/*---
id: cor_caller_details
title: What records say of callers that no landed record issued
description: Issued sessions need none of it; for the rest, the least value each field ever had, so that order never matters.
params: { since: { type: integer } }
---*/
with strangers as (
  select u.caller_key from cor_caller_uses u
  left join cor_sessions_opened o on o.session_id = u.caller_key
  where o.session_id is null
)

select
  e.caller_key,
  min(e.account_id) as account_id, min(e.identity_type) as identity_type, min(e.principal_id) as principal_id,
  min(e.principal_arn) as principal_arn, min(e.identity_user_name) as identity_user_name,
  min(e.session_created_at) as session_created_at, min(e.session_issuer_arn) as session_issuer_arn,
  min(e.invoked_by) as invoked_by, min(e.source_identity) as source_identity
from stg_events e
inner join strangers s on s.caller_key = e.caller_key
where e.batch_seq > $since
group by e.caller_key
