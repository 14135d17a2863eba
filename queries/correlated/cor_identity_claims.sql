/*---
id: cor_identity_claims
title: Whom each token names, by every method that needs no sign-in, and whom its session name claims
description: |
  One row a token and method (ATTRIBUTION 3). `needs_sign_in`: a role session name is chosen by the caller and counts only
  together with a sign-in of that identity in the window; `claimed_token_id` is the token id in it.
---*/
with tokens as (select * from cor_tokens),

entra_tokens as (select * from tokens where tenant_id is not null),

-- 1. Signed tags. EntraOid names the identity; EntraUti names the sign-in, and through it the identity.
tag_objects as (
  select session_id, 1 as rank, 'signed_tag' as method, tenant_id, tag_object_id as object_id
  from entra_tokens where tag_object_id is not null
),

tag_sign_ins as (
  select t.session_id, 2 as rank, 'signed_tag' as method, t.tenant_id, min(s.object_id) as object_id
  from entra_tokens t
  inner join cor_sign_ins s
    on s.tenant_id = t.tenant_id and s.token_id = t.tag_token_id
    and s.is_success and s.object_id is not null and s.created_at <= minutes_after(t.opened_at, 2)
  group by t.session_id, t.tenant_id
),

source_objects as (
  select session_id, 3 as rank, 'signed_source_identity' as method, tenant_id, source_object_id as object_id
  from entra_tokens where source_object_id is not null
),

saml_objects as (
  select session_id, 4 as rank, 'saml_subject' as method, tenant_id, as_guid(subject) as object_id
  from entra_tokens where session_kind = 'saml' and as_guid(subject) is not null
),

subject_objects as (
  select t.session_id, 5 as rank, 'subject_is_object_id' as method, t.tenant_id, i.object_id
  from entra_tokens t
  inner join cor_identities i
    on i.tenant_id = t.tenant_id and i.object_id = as_guid(t.subject) and i.kind in ('workload', 'agent')
),

registered as (
  select t.session_id, 6 as rank, 'registry' as method, r.tenant_id, r.object_id
  from entra_tokens t
  inner join stg_identity_registry r
    on r.issuer = rtrim(regexp_replace(t.issuer, '^https://', ''), '/')
    and r.audience = t.audience and r.subject = t.subject
),

-- Role session names, cut by the configured patterns.
session_names as (
  select
    t.session_id, t.tenant_id, t.opened_at, n.shape,
    substr(
      t.role_session_name, length(n.prefix) + 1, length(t.role_session_name) - length(n.prefix) - length(n.suffix)
    ) as body
  from entra_tokens t
  inner join cfg_session_names n
    on starts_with(t.role_session_name, n.prefix) and ends_with(t.role_session_name, n.suffix)
    and length(t.role_session_name) > length(n.prefix) + length(n.suffix)
),

name_objects as (
  select
    session_id, 7 as rank, 'session_name' as method, tenant_id,
    as_guid(substr(body, 1, 36)) as object_id,
    case when shape = 'oid.uti' then token_guid(substr(body, 38)) end as claimed_token_id
  from session_names
  where (shape = 'oid' and as_guid(body) is not null)
    or (shape = 'oid.uti' and substr(body, 37, 1) = '.' and as_guid(substr(body, 1, 36)) is not null
      and token_guid(substr(body, 38)) is not null)
),

-- Everything that claims a user principal name, against the identity that had it then (RULINGS 15).
upn_claims as (
  select session_id, 3 as rank, 'signed_source_identity' as method, tenant_id, source_upn as upn, opened_at
  from entra_tokens where source_upn is not null
  union all
  select session_id, 4, 'saml_subject', tenant_id, lower(subject), opened_at
  from entra_tokens where session_kind = 'saml' and subject like '%_@_%'
  union all
  select session_id, 7, 'session_name', tenant_id, lower(body), opened_at
  from session_names where shape = 'upn' and body like '%_@_%'
  union all
  select session_id, 8, 'source_identity_unsigned', null, source_upn, opened_at
  from tokens where is_unsigned and source_upn is not null
),

upn_runs as (
  select
    c.session_id, c.rank, c.method, n.tenant_id, n.object_id, n.valid_from,
    n.valid_from <= c.opened_at as is_before,
    n.valid_from <= c.opened_at and (n.valid_to is null or c.opened_at < n.valid_to) as is_current,
    min(n.valid_from) over (partition by c.session_id, c.method) as earliest,
    bool_or(n.valid_from <= c.opened_at) over (partition by c.session_id, c.method) as has_before
  from upn_claims c
  inner join cor_identity_names n
    on n.user_principal_name = c.upn and (c.tenant_id is null or n.tenant_id = c.tenant_id)
),

upn_objects as (
  select
    session_id, min(rank) as rank, method, min(tenant_id) as tenant_id, min(object_id) as object_id
  from upn_runs
  where is_current or (not has_before and valid_from = earliest)
  group by session_id, method
  having count(distinct tenant_id || '/' || object_id) = 1
),

-- A source identity first set on a plain AssumeRole: an object id that exactly one tenant knows.
unsigned_objects as (
  select t.session_id, 8 as rank, 'source_identity_unsigned' as method, min(i.tenant_id) as tenant_id, t.source_object_id as object_id
  from tokens t
  inner join cor_identities i on i.object_id = t.source_object_id
  where t.is_unsigned
  group by t.session_id, t.source_object_id
  having count(*) = 1
),

claims as (
  select session_id, rank, method, tenant_id, object_id, cast(null as varchar) as claimed_token_id from tag_objects
  union all select session_id, rank, method, tenant_id, object_id, null from tag_sign_ins
  union all select session_id, rank, method, tenant_id, object_id, null from source_objects
  union all select session_id, rank, method, tenant_id, object_id, null from saml_objects
  union all select session_id, rank, method, tenant_id, object_id, null from subject_objects
  union all select session_id, rank, method, tenant_id, object_id, null from registered
  union all select session_id, rank, method, tenant_id, object_id, claimed_token_id from name_objects
  union all select session_id, rank, method, tenant_id, object_id, null from upn_objects
  union all select session_id, rank, method, tenant_id, object_id, null from unsigned_objects
)

select
  c.session_id, c.rank, c.method, c.tenant_id, c.object_id, c.claimed_token_id,
  c.method = 'session_name' as needs_sign_in,
  case when c.rank <= 6 then 'proved' else 'asserted' end as confidence,
  t.opened_at, t.app_id
from claims c
inner join tokens t on t.session_id = c.session_id
