/*---
id: cor_window_sign_ins
title: Sign-ins that a token could come from
description: |
  For each token, the successful sign-ins in [session - lifetime, session + 2 min] for its audience (appId or resourceId;
  unchecked where the audience stands for no known application): those of every identity that a claim names
  (by_identity), and those from the session's own address (by_address). Compared with Entra's own creation time.
---*/
with settings as (
  select
    token_lifetime_minutes, managed_identity_lifetime_minutes,
    greatest(token_lifetime_minutes, 10) as short_stretch, greatest(managed_identity_lifetime_minutes, 10) as long_stretch
  from cfg_settings
),

-- A range join as an equality join: each window touches at most three stretches as long as itself.
steps as (select * from (values (0), (1), (2)) as s (step)),

lifetimes as (
  select false as is_managed_identity, token_lifetime_minutes as lifetime, short_stretch as stretch from settings
  union all
  select true, managed_identity_lifetime_minutes, long_stretch from settings
),

sign_ins as (
  select
    s.tenant_id, s.sign_in_id, s.object_id, s.created_at, s.app_id, s.resource_id, s.ip_address, s.token_id,
    l.is_managed_identity, stretch_of(s.created_at, l.stretch) as stretch
  from cor_sign_ins s
  inner join lifetimes l on l.is_managed_identity = (s.sign_in_kind = 'managed_identity')
  where s.is_success and s.object_id is not null
),

claimed as (
  select distinct session_id, tenant_id, object_id, opened_at, app_id from cor_identity_claims
),

claimed_stretches as (
  select
    c.*, l.is_managed_identity, l.lifetime,
    stretch_of(minutes_after(c.opened_at, -l.lifetime), l.stretch) + steps.step as stretch
  from claimed c
  cross join lifetimes l
  cross join steps
),

by_identity as (
  select c.session_id, 'by_identity' as found, s.tenant_id, s.sign_in_id, s.object_id, s.created_at, s.token_id
  from claimed_stretches c
  inner join sign_ins s
    on s.tenant_id = c.tenant_id and s.object_id = c.object_id
    and s.is_managed_identity = c.is_managed_identity and s.stretch = c.stretch
    and s.created_at between minutes_after(c.opened_at, -c.lifetime) and minutes_after(c.opened_at, 2)
    and (c.app_id is null or s.app_id = c.app_id or s.resource_id = c.app_id)
),

addressed as (
  select session_id, tenant_id, source_ip, opened_at, app_id
  from cor_tokens
  where tenant_id is not null and is_our_tenant and source_ip not in ('0.0.0.0', '::', '')
),

addressed_stretches as (
  select
    a.*, l.is_managed_identity, l.lifetime,
    stretch_of(minutes_after(a.opened_at, -l.lifetime), l.stretch) + steps.step as stretch
  from addressed a
  cross join lifetimes l
  cross join steps
),

by_address as (
  select a.session_id, 'by_address' as found, s.tenant_id, s.sign_in_id, s.object_id, s.created_at, s.token_id
  from addressed_stretches a
  inner join sign_ins s
    on s.tenant_id = a.tenant_id and s.ip_address = a.source_ip
    and s.is_managed_identity = a.is_managed_identity and s.stretch = a.stretch
    and s.created_at between minutes_after(a.opened_at, -a.lifetime) and minutes_after(a.opened_at, 2)
    and (a.app_id is null or s.app_id = a.app_id or s.resource_id = a.app_id)
)

select session_id, found, tenant_id, sign_in_id, object_id, created_at, token_id from by_identity
union all
select session_id, found, tenant_id, sign_in_id, object_id, created_at, token_id from by_address
