/*---
id: find_identities
title: The identities that an object id or a user principal name means
description: |
  By object id, also where only a session, a registry entry or a directory row names it; by user principal name, whoever has it
  now first, then whoever had it last (RULINGS 15).
params:
  object_id: { type: text, default: null, description: "Object id, lower case" }
  user_principal_name: { type: text, default: null, description: "User principal name, lower case" }
---*/
with named as (
  select tenant_id, object_id, valid_from, coalesce(valid_to, cast('9999-12-31 00:00:00+00' as timestamptz)) as valid_to
  from cor_identity_names
  where user_principal_name = $user_principal_name
),

by_name as (
  select tenant_id, object_id, max(valid_to) as last_at, max(valid_from) as from_at from named group by tenant_id, object_id
),

identities as (
  select tenant_id, object_id, kind, name, user_principal_name, first_seen_at, last_seen_at from cor_identities
),

by_id as (
  select tenant_id, object_id from identities where object_id = $object_id
  union
  select who_tenant_id as tenant_id, who_object_id as object_id from cor_sessions where who_object_id = $object_id
  union
  select tenant_id, object_id from stg_identity_registry where object_id = $object_id
),

matches as (
  select tenant_id, object_id, last_at, from_at from by_name
  union all
  select tenant_id, object_id, null as last_at, null as from_at from by_id
)

select
  m.tenant_id, m.object_id, coalesce(i.kind, 'person') as kind, i.name, i.user_principal_name, i.first_seen_at, i.last_seen_at
from matches m
left join identities i on i.tenant_id = m.tenant_id and i.object_id = m.object_id
order by m.last_at desc nulls last, m.from_at desc nulls last, i.last_seen_at desc nulls last, m.tenant_id, m.object_id
