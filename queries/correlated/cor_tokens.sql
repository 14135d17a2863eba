/*---
id: cor_tokens
title: The tokens that roots were opened with, and what they say
description: |
  One row a web identity or SAML root, and one a session on which a source identity was first set: what its provider,
  audience, tags and names claim, before any of it is checked. The provider decides the tenant (ATTRIBUTION 3).
scope: scope_roots
---*/
with settings as (select * from cfg_settings),

roots as (
  select n.* from cor_session_nodes n inner join scope_roots r on r.session_id = n.session_id
),

issuers as (
  select
    *,
    case
      when session_kind = 'saml' or saml_issuer is not null then saml_issuer
      when provider like 'arn:%:oidc-provider/%' then 'https://' || substr(provider, strpos(provider, ':oidc-provider/') + 15)
      when provider is not null and not starts_with(provider, 'arn:') then 'https://' || provider
    end as issuer
  from roots
  where session_kind in ('web_identity', 'saml', 'denied_token')
),

tenants as (
  select
    *,
    case
      when regexp_full_match(issuer, 'https://(sts\.windows\.net|sts\.microsoftonline\.us|sts\.chinacloudapi\.cn)/[0-9a-fA-F-]{36}/?')
        or regexp_full_match(
          issuer,
          'https://login\.(microsoftonline\.com|microsoftonline\.us|chinacloudapi\.cn|partner\.microsoftonline\.cn)/[0-9a-fA-F-]{36}/v2\.0/?'
        )
        then as_guid(split_part(issuer, '/', 4))
    end as tenant_id
  from issuers
),

federated as (
  select
    t.session_id, t.session_kind, t.opened_at, t.source_ip, t.role_session_name,
    t.issuer, t.tenant_id, t.audience, t.subject,
    coalesce(as_guid(t.audience), a.app_id, s.app_id) as app_id,
    as_guid(t.principal_tags[settings.tag_oid]) as tag_object_id,
    t.principal_tags[settings.tag_uti] as tag_uti,
    as_guid(t.principal_tags[settings.tag_correlation_id]) as tag_correlation_id,
    as_guid(t.source_identity) as source_object_id,
    case when t.source_identity like '%_@_%' then lower(t.source_identity) end as source_upn,
    false as is_unsigned
  from tenants t
  cross join settings
  left join cfg_audiences a on a.audience = t.audience
  left join cfg_saml_apps s on s.provider = t.provider and t.session_kind in ('saml', 'denied_token')
),

unsigned as (
  select
    n.session_id, n.session_kind, n.opened_at, n.source_ip, n.role_session_name,
    cast(null as varchar) as issuer, cast(null as varchar) as tenant_id, cast(null as varchar) as audience,
    cast(null as varchar) as subject, cast(null as varchar) as app_id,
    cast(null as varchar) as tag_object_id, cast(null as varchar) as tag_uti, cast(null as varchar) as tag_correlation_id,
    as_guid(n.source_identity) as source_object_id,
    case when n.source_identity like '%_@_%' then lower(n.source_identity) end as source_upn,
    true as is_unsigned
  from roots n
  where n.session_kind = 'role'
),

tokens as (select * from federated union all select * from unsigned)

select
  session_id, session_kind, opened_at, source_ip, role_session_name, issuer, tenant_id,
  tenant_id is not null and (
    exists (select 1 from cfg_tenants c where c.tenant_id = tokens.tenant_id)
    or (
      not exists (select 1 from cfg_tenants)
      and exists (select 1 from stg_sources s where s.source = 'sign_ins' and s.tenant_id = tokens.tenant_id)
    )
  ) as is_our_tenant,
  audience, app_id, subject,
  case when as_guid(subject) is not null then 'workload' else 'person' end as need_of_unknown,
  tag_object_id, tag_uti, coalesce(token_guid(tag_uti), tag_uti) as tag_token_id, tag_correlation_id,
  source_object_id, source_upn, is_unsigned
from tokens
