/*---
id: scope_identities
title: Identities that a new row names
description: Through a sign-in (any version of it), a directory audit target, a snapshot of the directory, or the registry.
params: { since: { type: integer } }
---*/
with signed_in as (
  select s.tenant_id, s.object_id
  from stg_sign_ins s
  inner join scope_sign_ins n on n.tenant_id = s.tenant_id and n.sign_in_id = s.sign_in_id
),

audit_targets as (
  select tenant_id, unnest(targets) as target from stg_directory_audits where batch_seq > $since
),

listed as (select tenant_id, object_id from stg_directory_objects where batch_seq > $since),

registered as (select tenant_id, object_id from stg_identity_registry where batch_seq > $since)

select tenant_id, object_id from signed_in where object_id is not null
union
select tenant_id, target.object_id from audit_targets where target.object_id is not null
union
select tenant_id, object_id from registered
union
select tenant_id, object_id from listed
