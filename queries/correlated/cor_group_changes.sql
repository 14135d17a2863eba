/*---
id: cor_group_changes
title: Who was added to a group or removed from it
description: |
  One row a group, member and audit row of Entra's directory that added or removed it (entra.md, section 6), where that succeeded. The row
  names the member as a target of another type than Group; a group that is put into a group is a target of that type, and is no member here.
  Of all groups: somebody who joins a group within a mapped one joins that too. Few rows, computed anew each time.
---*/
with audits as (
  select
    tenant_id, audit_id, activity_at, targets, group_ids,
    case activity_name when 'Add member to group' then 'added' else 'removed' end as kind
  from stg_directory_audits
  where lower(result) = 'success' and activity_name in ('Add member to group', 'Remove member from group')
),

about as (
  select a.tenant_id, a.audit_id, a.activity_at, a.kind, a.group_ids, t.one.object_id as object_id
  from audits a
  cross join unnest(a.targets) as t (one)
  where t.one.object_id is not null and lower(coalesce(t.one.object_type, '')) <> 'group'
)

select distinct b.tenant_id, g.group_id, b.object_id, b.kind, b.activity_at as changed_at, b.audit_id
from about b
cross join unnest(b.group_ids) as g (group_id)
