/*---
id: cor_identity_names
title: Which user principal name an identity had when
description: |
  Runs of an identity's rows (sign-ins, successful or not, and directory audit targets) that carry the same user principal
  name, compared without case (RULINGS 15). A run ends where the next row carries another name.
scope: scope_identities
---*/
with scope as (select tenant_id, object_id from scope_identities),

sign_in_rows as (
  select tenant_id, object_id, created_at as seen_at, lower(user_principal_name) as user_principal_name
  from cor_sign_ins
  where user_id is not null and object_id is not null and user_principal_name is not null
),

audit_targets as (
  select tenant_id, activity_at as seen_at, unnest(targets) as target from stg_directory_audits
),

audit_rows as (
  select tenant_id, target.object_id as object_id, seen_at, lower(target.user_principal_name) as user_principal_name
  from audit_targets
  where target.object_id is not null and target.user_principal_name is not null
),

name_rows as (
  select r.tenant_id, r.object_id, r.seen_at, r.user_principal_name
  from (select * from sign_in_rows union select * from audit_rows) r
  inner join scope on scope.tenant_id = r.tenant_id and scope.object_id = r.object_id
),

neighbours as (
  select
    tenant_id, object_id, seen_at, user_principal_name,
    lag(user_principal_name) over (partition by tenant_id, object_id order by seen_at, user_principal_name) as name_before
  from name_rows
),

starts as (
  select tenant_id, object_id, seen_at, user_principal_name from neighbours
  where name_before is null or name_before <> user_principal_name
)

select
  tenant_id, object_id, user_principal_name, seen_at as valid_from,
  lead(seen_at) over (partition by tenant_id, object_id order by seen_at, user_principal_name) as valid_to
from starts
