/*---
id: unmapped_subjects
title: Subjects that nobody has mapped
description: |
  Every subject of an Entra token whose identity is unknown, with its sessions, their calls and those of sessions that lead
  back to them; the most active first. Refused tokens count as sessions.
---*/
with roots as (
  select session_id, issuer, tenant_id, provider, audience, subject, opened_at
  from cor_sessions
  where session_kind in ('web_identity', 'saml', 'denied_token') and who_kind = 'unknown' and tenant_id is not null and subject is not null
),

uses as (
  select s.root_session_id, sum(c.calls) as calls, max(c.last_used_at) as last_used_at
  from cor_callers c
  inner join cor_sessions s on s.session_id = c.session_id
  where s.root_session_id in (select session_id from roots)
  group by s.root_session_id
)

select
  r.issuer, r.tenant_id, r.audience, r.subject, min(r.provider) as provider,
  count(*) as sessions, cast(coalesce(sum(u.calls), 0) as bigint) as calls,
  min(r.opened_at) as first_seen_at, max(greatest(r.opened_at, coalesce(u.last_used_at, r.opened_at))) as last_seen_at
from roots r
left join uses u on u.root_session_id = r.session_id
group by r.issuer, r.tenant_id, r.audience, r.subject
order by calls desc, sessions desc, r.issuer, r.audience nulls first, r.subject
