/*---
id: unknown_provider_or_audience
title: A session by an identity provider or for an audience that nobody named
description: |
  A web identity or SAML session whose token came from a provider, or was meant for an audience, that is not among ours. One finding
  for a role and provider (or audience); its subject is the first such session, and the summary counts them.
  What it needs configured. Entra providers: `tenants`; with none, the tenants whose sign-ins landed are ours. Other providers (GitHub,
  EKS, another SAML identity provider): the parameter `providers`; while it is empty, none of them is judged. SAML providers in
  `saml_apps` are named as well. Audiences, of Entra tokens alone: the parameter `audiences`, beside `audiences` and what they stand
  for; while the parameter is empty, an audience is unknown that is an application id, in no landed sign-in of its tenant.
  Not seen: providers where neither tenants, sign-ins nor `providers` are known; audiences that are
  no application id (`api://…`), while `audiences` is empty; audiences of tenants whose sign-ins are not landed; providers that exist in
  IAM and opened no session; refused tokens.
severity: high
sources: [cloudtrail, sign_ins]
absence_of: [sign_ins]
controls: [soc2:CC6.1, soc2:CC6.6, iso27001:A.5.16, iso27001:A.8.5]
params:
  providers:
    type: text_list
    default: []
    description: Providers that are ours beside Entra's, each an issuer (`token.actions.githubusercontent.com`) or a provider's ARN. Empty, only Entra's are judged.
  audiences:
    type: text_list
    default: []
    description: Audiences of Entra tokens that are ours, beside those in `audiences`. Empty, application ids are compared with the landed sign-ins.
false_positives: |
  A provider, tenant or application that is new and was not yet named in the configuration.
runbook: |
  1. Ask for the session (`whoran ask` with its id): which role, which provider, whose subject, and what did it do?
  2. Read the role's trust policy and the provider in IAM (`aws iam get-open-id-connect-provider`), and find in CloudTrail who created or
     changed them (CreateOpenIDConnectProvider, AddClientIDToOpenIDConnectProvider, CreateSAMLProvider, UpdateAssumeRolePolicy).
  3. If it is ours, name it in the configuration. If not, take the provider or the audience out of IAM, and treat what its sessions did
     as done by a stranger.
---*/
with tenants as (
  select tenant_id
  from cfg_tenants
),
landed_tenants as (
  select distinct tenant_id
  from stg_sources
  where source = 'sign_ins' and tenant_id is not null
),
audience_map as (
  select audience, app_id
  from cfg_audiences
),
saml_apps as (
  select provider
  from cfg_saml_apps
),
sign_in_apps as (
  select tenant_id, app_id, resource_id
  from cor_sign_ins
),
sessions as (
  select
    session_id, session_kind, opened_at, role_arn, provider, issuer, tenant_id, audience, reason, is_provisional,
    opened_by_account_id, opened_by_event_id
  from cor_sessions
  where is_issued and session_kind in ('web_identity', 'saml') and coalesce(provider, issuer) is not null
),
given_providers as (
  select n.item as name
  from unnest($providers) as n (item)
),
given_audiences as (
  select n.item as name
  from unnest($audiences) as n (item)
),
-- Issuers are compared without scheme and trailing slash (RULINGS 23), audiences without case.
named_providers as (
  select distinct trim(both '/' from replace(name, 'https://', '')) as name
  from given_providers
),
named_audiences as (
  select lower(name) as name from given_audiences
  union
  select lower(audience) as name from audience_map
  union
  select lower(app_id) as name from audience_map
),
ours as (
  select tenant_id
  from tenants
  union
  select l.tenant_id
  from landed_tenants l
  where not exists (select 1 from tenants)
),
seen_apps as (
  select tenant_id, app_id from sign_in_apps where app_id is not null
  union
  select tenant_id, resource_id as app_id from sign_in_apps where resource_id is not null
),
settings as (
  select
    (select count(name) from given_providers) > 0 as has_providers,
    (select count(name) from given_audiences) > 0 as has_audiences,
    (select count(tenant_id) from ours) > 0 as has_tenants
),
compared as (
  select
    s.session_id, s.session_kind, s.opened_at, s.role_arn, s.provider, s.issuer, s.tenant_id, s.audience, s.reason, s.is_provisional,
    s.opened_by_account_id, s.opened_by_event_id, c.has_providers, c.has_audiences, c.has_tenants,
    t.tenant_id is not null as is_our_tenant,
    p.name is not null or i.name is not null or m.provider is not null as is_named_provider,
    a.name is not null as is_named_audience,
    g.app_id is not null as is_seen_audience,
    l.tenant_id is not null as has_sign_ins,
    length(s.audience) = 36 and length(replace(s.audience, '-', '')) = 32 as is_app_id
  from sessions s
  cross join settings c
  left join ours t on t.tenant_id = s.tenant_id
  left join landed_tenants l on l.tenant_id = s.tenant_id
  left join named_providers p on p.name = s.provider
  left join named_providers i on i.name = trim(both '/' from replace(s.issuer, 'https://', ''))
  left join saml_apps m on m.provider = s.provider
  left join named_audiences a on a.name = lower(s.audience)
  left join seen_apps g on g.tenant_id = s.tenant_id and g.app_id = lower(s.audience)
),
judged as (
  select
    session_id, opened_at, role_arn, provider, issuer, audience, reason, opened_by_account_id, opened_by_event_id,
    is_provisional and not has_audiences as is_waiting,
    case
      when not is_named_provider and not is_our_tenant
        and case when tenant_id is not null then has_tenants or has_providers else has_providers end then 'provider'
      when session_kind <> 'web_identity' or tenant_id is null or audience is null or is_named_audience then null
      when has_audiences then 'audience'
      when is_app_id and has_sign_ins and not is_seen_audience and coalesce(reason, '') not in ('source_gap', 'tenant_not_ingested') then 'audience'
    end as unknown
  from compared
),
keyed as (
  select
    session_id, opened_at, reason, opened_by_account_id, opened_by_event_id, audience, unknown,
    coalesce(role_arn, 'an unknown role') as role_name, coalesce(issuer, provider) as issued_by,
    unknown = 'audience' and is_waiting as is_provisional,
    coalesce(role_arn, '?') || '/' || coalesce(issuer, provider) || case when unknown = 'audience' then '/' || audience else '' end as fault_key
  from judged
  where unknown is not null
),
placed as (
  select
    session_id, opened_at, reason, opened_by_account_id, opened_by_event_id, audience, unknown, role_name, issued_by, is_provisional, fault_key,
    row_number() over (partition by unknown, fault_key order by opened_at, session_id) as place,
    row_number() over (partition by unknown, fault_key order by opened_at desc, session_id desc) as place_from_end,
    count(*) over (partition by unknown, fault_key) as session_count
  from keyed
),
first_sessions as (
  select
    session_id, opened_at, reason, opened_by_account_id, opened_by_event_id, audience, unknown, role_name, issued_by, is_provisional, fault_key,
    session_count
  from placed
  where place = 1
),
-- Further use is further evidence: what somebody resolved opens again.
last_sessions as (
  select opened_at, opened_by_account_id, opened_by_event_id, unknown, fault_key
  from placed
  where place_from_end = 1 and place > 1
)
select
  'session' as subject_kind,
  f.session_id as subject_id,
  f.opened_at as occurred_at,
  'A token of ' || f.issued_by
    || case
      when f.unknown = 'provider' then ', a provider that nobody named, opened a session of ' || f.role_name
      else ' opened a session of ' || f.role_name || ' for the audience ' || f.audience || ', which nobody named'
    end
    || case when f.session_count > 1 then ', the first of ' || cast(f.session_count as varchar) else '' end as summary,
  'unknown_provider_or_audience/' || f.unknown || '/' || f.fault_key as dedup_key,
  f.reason,
  array[
    row('cloudtrail', f.opened_by_account_id, f.opened_by_event_id, f.opened_at),
    row('cloudtrail', l.opened_by_account_id, l.opened_by_event_id, l.opened_at)
  ] as evidence,
  f.is_provisional
from first_sessions f
left join last_sessions l on l.unknown = f.unknown and l.fault_key = f.fault_key
order by occurred_at, dedup_key
