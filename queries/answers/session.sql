/*---
id: session
title: One session and who it leads back to
description: The session's row with the name that its identity has now, for show only.
params:
  session_id: { type: text, description: "Key of cor_sessions" }
---*/
with sessions as (select * from cor_sessions where session_id = $session_id),

identities as (select tenant_id, object_id, name, sign_in_kind from cor_identities)

select
  s.session_id, s.session_kind, s.is_issued, s.account_id, s.opened_at, s.expires_at,
  s.opened_by_account_id, s.opened_by_event_id, s.opened_via, s.other_half_account_id, s.other_half_event_id,
  s.role_arn, s.role_session_name, s.session_arn, s.source_ip, s.user_agent, s.source_identity,
  s.upstream_session_id, s.upstream_caller_key, s.upstream_task_key, s.upstream_method, s.upstream_confidence,
  s.root_session_id, s.identity_session_id,
  s.provider, s.issuer, s.tenant_id, s.audience, s.is_audience_checked, s.subject, s.token_id, s.correlation_id,
  s.who_kind, s.who_tenant_id, s.who_object_id, s.who_issuer, s.who_subject, coalesce(s.who_name, i.name) as who_name,
  i.sign_in_kind as who_sign_in_kind,
  s.identity_method, s.identity_confidence, s.confidence, s.how, s.sign_in_grade, s.sign_in_id, s.reason,
  s.is_provisional, s.is_traced, s.conflicts
from sessions s
left join identities i on i.tenant_id = s.who_tenant_id and i.object_id = s.who_object_id
order by s.session_id
