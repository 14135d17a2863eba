/*---
id: directory_objects
title: Users, service principals and groups of Entra's directory, cleaned and typed
description: |
  One row an object in a page of Graph's users, servicePrincipals or groups, with the columns of `stg_directory_objects` and
  `reject_reason`: null where the row goes in. Rows name no tenant: the source does, or the file's path. The time is the snapshot's,
  else that of retrieval. Cannot see: what a page does not hold, so an object that is in no later snapshot may be deleted.
---*/
with parsed as (
  select form, batch_seq, member, record_number, record_sha256, retrieved_at,
    envelope ->> '$.tenantId' as tenant_text,
    try_cast(envelope ->> '$.snapshotAt' as timestamptz) as said_at,
    json_transform(record, '{
      "id": "VARCHAR", "displayName": "VARCHAR", "userPrincipalName": "VARCHAR", "appId": "VARCHAR", "accountEnabled": "VARCHAR"}') as r
  from framed
  where form in ('graph_users', 'graph_service_principals', 'graph_groups')
),

typed as (
  select
    nullif(regexp_replace(lower(trim(tenant_text)), '^[0-]*$', ''), '') as tenant_id,
    nullif(regexp_replace(lower(trim(r."id")), '^[0-]*$', ''), '') as object_id,
    case form when 'graph_users' then 'person' when 'graph_service_principals' then 'workload' else 'group' end as kind,
    coalesce(nullif(trim(r."displayName"), ''), nullif(trim(r."userPrincipalName"), '')) as name,
    nullif(trim(r."userPrincipalName"), '') as user_principal_name,
    nullif(regexp_replace(lower(trim(r."appId")), '^[0-]*$', ''), '') as app_id,
    nullif(lower(trim(r."accountEnabled")), '') as enabled_text,
    coalesce(said_at, retrieved_at) as snapshot_at,
    retrieved_at, batch_seq, member, record_number, record_sha256
  from parsed
)

select
  tenant_id,
  object_id,
  kind,
  name,
  user_principal_name,
  app_id,
  enabled_text = 'true' as is_enabled,
  snapshot_at as first_snapshot_at,
  snapshot_at,
  retrieved_at,
  batch_seq,
  member,
  record_number,
  record_sha256,
  case
    when object_id is null then 'field id: expected the id of the object, found none'
    when enabled_text not in ('true', 'false') then 'field accountEnabled: expected true or false, found "'
      || left(regexp_replace(enabled_text, '[\x00-\x1f\x7f"]', '?', 'g'), 60) || '"'
    when tenant_id is null then 'tenant: expected the tenant''s id, found none: rows of the directory name none, so the file is to lie in '
      || 'a folder called tenant_<tenant id>'
  end as reject_reason
from typed
order by batch_seq, member, record_number
