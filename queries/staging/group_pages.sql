/*---
id: group_pages
title: Pages of the members of Entra's groups, cleaned and typed
description: |
  One row a page of a group's transitiveMembers, with the columns of `stg_group_pages`, its members, and `reject_reason`: null where
  the page goes in. The group, the tenant and the page's number are in what the page is called. The time is the snapshot's, else that of
  retrieval. A page with a member that can't be read is rejected whole: what it leaves out must not look like somebody who is not there.
---*/
with parsed as (
  select batch_seq, member, record_number, record_sha256, retrieved_at,
    envelope ->> '$.tenantId' as tenant_text,
    envelope ->> '$.groupId' as group_text,
    try_cast(envelope ->> '$.pageNumber' as integer) as page_number,
    try_cast(envelope ->> '$.snapshotAt' as timestamptz) as said_at,
    json_transform(record, '{"value": [{"id": "VARCHAR", "@odata.type": "VARCHAR"}], "@odata.nextLink": "VARCHAR"}') as r
  from framed
  where form = 'graph_group_members'
),

typed as (
  select
    nullif(regexp_replace(lower(trim(tenant_text)), '^[0-]*$', ''), '') as tenant_id,
    nullif(regexp_replace(lower(trim(group_text)), '^[0-]*$', ''), '') as group_id,
    coalesce(said_at, retrieved_at) as snapshot_at,
    coalesce(retrieved_at, said_at) as read_at,
    coalesce(page_number, 1) as page_number,
    r."@odata.nextLink" is null as is_last,
    list_transform(r."value", lambda m: struct_pack(
      member_id := nullif(regexp_replace(lower(trim(m."id")), '^[0-]*$', ''), ''),
      member_kind := case lower(trim(m."@odata.type"))
        when '#microsoft.graph.user' then 'person'
        when '#microsoft.graph.serviceprincipal' then 'workload'
        when '#microsoft.graph.group' then 'group'
      end)) as members,
    batch_seq, member, record_number, record_sha256
  from parsed
),

checked as (
  select *, len(list_filter(members, lambda m: m.member_id is null)) as without_id
  from typed
)

select
  tenant_id,
  group_id,
  snapshot_at,
  read_at,
  page_number,
  is_last,
  'groups/' || group_id || '/transitiveMembers page ' || page_number
    || coalesce(strftime(timezone('UTC', snapshot_at), ' snapshot %Y-%m-%dT%H:%M:%SZ'), '') as page_id,
  -- Of those who are in it, whatever their order: most pages say what the page of the day before says.
  left(sha256(array_to_string(list_sort(list_distinct(list_transform(members, lambda m: m.member_id || ' ' || coalesce(m.member_kind, '')))), ',')), 32)
    as members_key,
  members,
  batch_seq,
  member,
  record_number,
  record_sha256,
  case
    when members is null then 'field value: expected the list of members, found none'
    when without_id > 0 then 'field id: expected the id of the member, found none'
    when group_id is null then 'group: expected the group''s id in what the page is called, found none'
    when tenant_id is null then 'tenant: expected the tenant''s id, found none: members name none, so the file is to lie in a folder called '
      || 'tenant_<tenant id>'
  end as reject_reason
from checked
order by batch_seq, member, record_number
