/*---
id: cor_identities
title: Everybody and everything that Entra's rows name
description: |
  One row an identity. Sign-ins and directory audit rows decide its kind (RULINGS 5); the registry's kind wins where it is
  given, and an identity that only the registry knows is a person unless it says otherwise. The newest snapshot of the directory
  names those that no row names, and says what they are. Names are for show.
scope: scope_identities
---*/
with scope as (select tenant_id, object_id from scope_identities),

sign_in_rows as (
  select
    tenant_id, object_id, created_at as seen_at, sign_in_id as row_id, sign_in_kind,
    sign_in_kind in ('service_principal', 'managed_identity') as is_workload,
    agent_type is not null and agent_type <> 'notAgentic' as is_agent,
    coalesce(display_name, user_principal_name) as name, user_principal_name
  from cor_sign_ins
  where object_id is not null
),

audit_targets as (
  select tenant_id, activity_at as seen_at, audit_id, unnest(targets) as target from stg_directory_audits
),

audit_rows as (
  select
    tenant_id, target.object_id as object_id, seen_at, audit_id as row_id, cast(null as varchar) as sign_in_kind,
    target.object_type = 'ServicePrincipal' as is_workload, false as is_agent,
    coalesce(target.display_name, target.user_principal_name) as name, target.user_principal_name as user_principal_name
  from audit_targets
  where target.object_id is not null and target.object_type in ('User', 'ServicePrincipal')
),

entra_rows as (select * from sign_in_rows union all select * from audit_rows),

seen as (
  select
    r.tenant_id, r.object_id,
    bool_or(r.is_agent) as is_agent,
    bool_or(not r.is_workload) as is_person,
    bool_or(r.sign_in_kind is not null and r.sign_in_kind = 'service_principal') as has_service_principal_rows,
    bool_or(r.sign_in_kind is not null and r.sign_in_kind = 'managed_identity') as has_managed_identity_rows,
    max_by(r.name, row(r.seen_at, r.row_id)) filter (where r.name is not null) as name,
    max_by(r.user_principal_name, row(r.seen_at, r.row_id)) filter (where r.user_principal_name is not null) as user_principal_name,
    min(r.seen_at) as first_seen_at, max(r.seen_at) as last_seen_at
  from entra_rows r
  inner join scope on scope.tenant_id = r.tenant_id and scope.object_id = r.object_id
  group by r.tenant_id, r.object_id
),

ranked_objects as (
  select
    d.tenant_id, d.object_id, d.kind, d.name, d.user_principal_name,
    row_number() over (
      partition by d.tenant_id, d.object_id order by d.snapshot_at desc nulls last, d.record_sha256 desc
    ) as place
  from stg_directory_objects d
  inner join scope on scope.tenant_id = d.tenant_id and scope.object_id = d.object_id
  where d.kind in ('person', 'workload')
),

listed as (select tenant_id, object_id, kind, name, user_principal_name from ranked_objects where place = 1),

registered as (
  select r.tenant_id, r.object_id, min(r.kind) as kind, min(r.name) as name
  from stg_identity_registry r
  inner join scope on scope.tenant_id = r.tenant_id and scope.object_id = r.object_id
  group by r.tenant_id, r.object_id
)

select
  coalesce(s.tenant_id, l.tenant_id, g.tenant_id) as tenant_id,
  coalesce(s.object_id, l.object_id, g.object_id) as object_id,
  coalesce(
    g.kind,
    case when s.is_agent then 'agent' when s.is_person then 'person' when s.object_id is not null then 'workload' end,
    l.kind,
    'person'
  ) as kind,
  case
    when s.has_service_principal_rows and not s.has_managed_identity_rows then 'service_principal'
    when s.has_managed_identity_rows and not s.has_service_principal_rows then 'managed_identity'
  end as sign_in_kind,
  coalesce(s.name, l.name, g.name) as name,
  coalesce(s.user_principal_name, l.user_principal_name) as user_principal_name, s.first_seen_at, s.last_seen_at
from seen s
full outer join listed l on l.tenant_id = s.tenant_id and l.object_id = s.object_id
full outer join registered g
  on g.tenant_id = coalesce(s.tenant_id, l.tenant_id) and g.object_id = coalesce(s.object_id, l.object_id)
