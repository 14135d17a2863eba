/*---
id: group_members
title: Members of Entra's groups, cleaned and typed
description: |
  One row a member in a page of a group's transitiveMembers, with the columns of `stg_group_members` and `reject_reason`: null where
  the row goes in. The group and the tenant are in what the page is called. The time is the snapshot's, else that of retrieval.
---*/
with parsed as (
  select batch_seq, member, record_number, record_sha256, retrieved_at,
    envelope ->> '$.tenantId' as tenant_text,
    envelope ->> '$.groupId' as group_text,
    try_cast(envelope ->> '$.snapshotAt' as timestamptz) as said_at,
    json_transform(record, '{"id": "VARCHAR", "@odata.type": "VARCHAR"}') as r
  from framed
  where form = 'graph_group_members'
),

typed as (
  select
    nullif(regexp_replace(lower(trim(tenant_text)), '^[0-]*$', ''), '') as tenant_id,
    nullif(regexp_replace(lower(trim(group_text)), '^[0-]*$', ''), '') as group_id,
    nullif(regexp_replace(lower(trim(r."id")), '^[0-]*$', ''), '') as member_id,
    case lower(trim(r."@odata.type"))
      when '#microsoft.graph.user' then 'person'
      when '#microsoft.graph.serviceprincipal' then 'workload'
      when '#microsoft.graph.group' then 'group'
    end as member_kind,
    coalesce(said_at, retrieved_at) as snapshot_at,
    batch_seq, member, record_number, record_sha256
  from parsed
)

select
  tenant_id,
  group_id,
  member_id,
  member_kind,
  snapshot_at as first_snapshot_at,
  snapshot_at,
  batch_seq,
  member,
  record_number,
  record_sha256,
  case
    when member_id is null then 'field id: expected the id of the member, found none'
    when group_id is null then 'group: expected the group''s id in what the page is called, found none'
    when tenant_id is null then 'tenant: expected the tenant''s id, found none: members name none, so the file is to lie in a folder called '
      || 'tenant_<tenant id>'
  end as reject_reason
from typed
order by batch_seq, member, record_number
