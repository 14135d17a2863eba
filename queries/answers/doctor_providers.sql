/*---
id: doctor_providers
title: Issuers and audiences that tokens came from
description: |
  Web identity and SAML sessions, the refused ones too, by issuer, tenant and audience: what `doctor` holds against the tenants,
  audiences and SAML apps of the configuration.
---*/
with sessions as (select * from cor_sessions)

select
  issuer, tenant_id, audience, provider, session_kind = 'saml' as is_saml,
  count(*) as sessions, max(opened_at) as last_seen_at
from sessions
where session_kind in ('web_identity', 'saml', 'denied_token') and issuer is not null
group by issuer, tenant_id, audience, provider, session_kind = 'saml'
order by issuer, audience nulls first, provider nulls first, is_saml
