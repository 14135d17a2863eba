/*---
id: diff_rows
title: The rows of two bundles side by side
description: |
  For every row of either bundle what became of it: `same`, `changed`, `added` or `removed`. Rows belong together by table and key; several of one
  key by their place. `diff_before` and `diff_after` hold the rows: table, place, key as JSON, and cells in the order of columns.
---*/
with before_rows as (
  select table_id, key, cells, position, row_number() over (partition by table_id, key order by position) as twin
  from diff_before
),

after_rows as (
  select table_id, key, cells, position, row_number() over (partition by table_id, key order by position) as twin
  from diff_after
)

select
  coalesce(a.table_id, b.table_id) as table_id,
  coalesce(a.key, b.key) as key,
  coalesce(a.twin, b.twin) as twin,
  case
    when b.table_id is null then 'added'
    when a.table_id is null then 'removed'
    when a.cells is distinct from b.cells then 'changed'
    else 'same'
  end as change,
  b.position as position_before, a.position as position_after, b.cells as cells_before, a.cells as cells_after
from before_rows b
full join after_rows a on a.table_id = b.table_id and a.key = b.key and a.twin = b.twin
order by table_id, position_after nulls last, position_before, twin
