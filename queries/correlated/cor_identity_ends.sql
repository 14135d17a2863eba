/*---
id: cor_identity_ends
title: When identities were disabled, deleted, or had their sessions revoked
description: |
  One row an end, out of Entra's directory audit (entra.md, section 6). `until_at`: when the account was enabled again after it was
  disabled; null while it wasn't, and for the other kinds. A revocation that somebody caused for themselves is none: changing one's own
  password writes the same row. Few rows, computed anew each time.
---*/
with audits as (
  select tenant_id, audit_id, activity_at, activity_name, initiated_by_object_id, unnest(targets) as target
  from stg_directory_audits
  where lower(result) = 'success'
    and activity_name in ('Disable account', 'Enable account', 'Delete user', 'Update StsRefreshTokenValidFrom Timestamp')
),

named as (
  select distinct
    tenant_id, audit_id, activity_at, target.object_id as object_id, initiated_by_object_id,
    case activity_name
      when 'Disable account' then 'disabled' when 'Delete user' then 'deleted' when 'Enable account' then 'enabled' else 'revoked'
    end as kind
  from audits
  where target.object_id is not null
),

ends as (
  select * from named
  where kind in ('disabled', 'deleted') or (kind = 'revoked' and initiated_by_object_id is distinct from object_id)
)

select
  e.tenant_id, e.object_id, e.kind, e.activity_at as ended_at, e.audit_id, min(a.activity_at) as until_at
from ends e
left join named a
  on e.kind = 'disabled' and a.kind = 'enabled' and a.tenant_id = e.tenant_id and a.object_id = e.object_id and a.activity_at > e.activity_at
group by e.tenant_id, e.object_id, e.kind, e.activity_at, e.audit_id
