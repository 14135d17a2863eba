/*---
id: cor_group_snapshots
title: Whole snapshots of the groups that are mapped to roles
description: |
  One row a snapshot of which every page is landed: from the first to one that no page follows. Of those of a moment that was begun twice,
  both tries' pages count. A page set that breaks off says nothing of who is not in the group, and has no row. Snapshots that say no time
  have none either. Few rows, computed anew each time.
---*/
with mapped as (select distinct group_id from cfg_role_groups),

pages as (
  select distinct p.tenant_id, p.group_id, p.snapshot_at, p.page_number, p.is_last
  from stg_group_pages p
  inner join mapped m on m.group_id = p.group_id
  where p.snapshot_at is not null
),

numbers as (
  select
    tenant_id, group_id, snapshot_at, page_number, bool_or(is_last) as is_last,
    dense_rank() over (partition by tenant_id, group_id, snapshot_at order by page_number) as place
  from pages
  group by tenant_id, group_id, snapshot_at, page_number
),

whole as (
  select distinct tenant_id, group_id, snapshot_at
  from numbers
  where is_last and place = page_number
),

times as (
  select w.tenant_id, w.group_id, w.snapshot_at, max(p.read_at) as read_at
  from whole w
  inner join stg_group_pages p on p.tenant_id = w.tenant_id and p.group_id = w.group_id and p.snapshot_at = w.snapshot_at
  group by w.tenant_id, w.group_id, w.snapshot_at
)

select
  tenant_id, group_id, snapshot_at, read_at,
  lead(read_at) over (partition by tenant_id, group_id order by read_at, snapshot_at) as next_read_at,
  lag(snapshot_at) over (partition by tenant_id, group_id order by snapshot_at) as previous_snapshot_at
from times
