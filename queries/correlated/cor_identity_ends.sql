/*---
id: cor_identity_ends
title: When identities were disabled, deleted, or had their sessions revoked
description: |
  One row an end, out of Entra's directory audit (entra.md, section 6). `until_at`: when the account was enabled again after it was
  disabled; null while it wasn't, and for the other kinds. A revocation that somebody caused for themselves is none: changing one's own
  password writes the same row. Resetting somebody's password writes it too: a revocation with a reset beside it, by the same hand and
  within two minutes, is of kind `reset`, unless there were more revocations than resets: then somebody also meant to revoke.
  Few rows, computed anew each time.
---*/
with audits as (
  select tenant_id, audit_id, activity_at, activity_name, initiated_by_object_id, unnest(targets) as target
  from stg_directory_audits
  where lower(result) = 'success'
    and activity_name in ('Disable account', 'Enable account', 'Delete user', 'Update StsRefreshTokenValidFrom Timestamp', 'Reset password')
),

named as (
  select distinct
    tenant_id, audit_id, activity_at, target.object_id as object_id, initiated_by_object_id,
    case activity_name
      when 'Disable account' then 'disabled' when 'Delete user' then 'deleted' when 'Enable account' then 'enabled'
      when 'Reset password' then 'password_reset' else 'revoked'
    end as kind
  from audits
  where target.object_id is not null
),

revocations as (
  select tenant_id, audit_id, activity_at, object_id, initiated_by_object_id
  from named
  where kind = 'revoked' and initiated_by_object_id is distinct from object_id
),

-- What the same hand did to the same person around each revocation, itself among it.
around as (
  select
    r.tenant_id, r.audit_id, r.object_id,
    count(*) filter (where n.kind = 'password_reset') as resets, count(*) filter (where n.kind = 'revoked') as revocations
  from revocations r
  inner join named n
    on n.tenant_id = r.tenant_id and n.object_id = r.object_id and n.initiated_by_object_id is not distinct from r.initiated_by_object_id
    and n.activity_at between r.activity_at - interval '2' minute and r.activity_at + interval '2' minute
  group by r.tenant_id, r.audit_id, r.object_id
),

ends as (
  select tenant_id, object_id, kind, activity_at, audit_id
  from named
  where kind in ('disabled', 'deleted')
  union all
  select r.tenant_id, r.object_id, case when a.resets >= a.revocations then 'reset' else 'revoked' end as kind, r.activity_at, r.audit_id
  from revocations r
  inner join around a on a.tenant_id = r.tenant_id and a.audit_id = r.audit_id and a.object_id = r.object_id
)

select
  e.tenant_id, e.object_id, e.kind, e.activity_at as ended_at, e.audit_id, min(a.activity_at) as until_at
from ends e
left join named a
  on e.kind = 'disabled' and a.kind = 'enabled' and a.tenant_id = e.tenant_id and a.object_id = e.object_id and a.activity_at > e.activity_at
group by e.tenant_id, e.object_id, e.kind, e.activity_at, e.audit_id
