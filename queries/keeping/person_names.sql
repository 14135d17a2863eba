/*---
id: person_names
title: What one identity is called in records
description: |
  One row a kind of name and text, by every staged and correlated row that ties it to the identity: sign-ins, audits, directory snapshots, the
  registry, and sessions that lead back to it without a task in between. `others`: other identities that are called the same.
params:
  tenant_id: { type: text, description: "Entra tenant" }
  object_id: { type: text, description: "Object id, lower case" }
---*/
with sign_ins as (select tenant_id, object_id, user_principal_name, display_name from stg_sign_ins where object_id is not null),

names_then as (select tenant_id, object_id, user_principal_name from cor_identity_names),

directory as (select tenant_id, object_id, name, user_principal_name from stg_directory_objects),

audits as (select tenant_id, unnest(targets) as target from stg_directory_audits),

initiators as (
  select tenant_id, initiated_by_object_id as object_id, initiated_by_name as name
  from stg_directory_audits
),

registry as (select tenant_id, object_id, subject, name from stg_identity_registry),

sessions as (
  select who_tenant_id as tenant_id, who_object_id as object_id, role_session_name, source_identity, subject
  from cor_sessions
  where
    who_object_id is not null and who_kind = 'person' and upstream_task_key is null
    and session_kind in ('web_identity', 'saml', 'role', 'federation_token', 'denied_token')
),

named as (
  select 'user_principal_name' as kind, tenant_id, object_id, user_principal_name as text from sign_ins
  union all
  select 'user_principal_name', tenant_id, object_id, user_principal_name from names_then
  union all
  select 'user_principal_name', tenant_id, object_id, user_principal_name from directory
  union all
  select 'user_principal_name', tenant_id, target.object_id, target.user_principal_name from audits
  union all
  select case when contains(name, '@') then 'user_principal_name' else 'display_name' end, tenant_id, object_id, name from initiators
  union all
  select 'display_name', tenant_id, object_id, display_name from sign_ins
  union all
  select 'display_name', tenant_id, object_id, name from directory
  union all
  select 'display_name', tenant_id, target.object_id, target.display_name from audits
  union all
  select 'display_name', tenant_id, object_id, name from registry
  union all
  select 'subject', tenant_id, object_id, subject from registry
  union all
  select 'subject', tenant_id, object_id, subject from sessions
  union all
  select 'session_name', tenant_id, object_id, role_session_name from sessions
  union all
  select 'source_identity', tenant_id, object_id, source_identity from sessions
),

texts as (
  select distinct kind, tenant_id, object_id, lower(trim(text)) as text
  from named
  where trim(text) <> '' and object_id is not null
),

own as (select kind, text from texts where object_id = $object_id and tenant_id is not distinct from $tenant_id),

others as (
  select text, count(distinct object_id) as identities
  from texts
  where object_id <> $object_id
  group by text
)

select own.kind, own.text, coalesce(others.identities, 0) as others
from own
left join others on others.text = own.text
order by own.kind, own.text
