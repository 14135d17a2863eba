/*---
id: diff_cells
title: What differs between the tables of two bundles, cell by cell
description: |
  A row for each cell that differs in a row that both bundles have; and one, without a column, for each row that only one of them has. Reads
  `diff_rows`. At most `$limit` rows of a table are told; 0 tells all.
params: { limit: bigint }
---*/
with differing as (
  select
    table_id, key, twin, change, position_before, position_after, cells_before, cells_after,
    row_number() over (partition by table_id order by position_after nulls last, position_before, twin) as place
  from diff_rows
  where change <> 'same'
),

told as (
  select table_id, key, twin, change, position_before, position_after, cells_before, cells_after, place
  from differing
  where $limit = 0 or place <= $limit
),

-- Columns belong together by name: another version of the program may have others.
before_cells as (
  select table_id, place, unnest(cells_before) as cell, generate_subscripts(cells_before, 1) as number
  from told
  where change = 'changed'
),

after_cells as (
  select table_id, place, unnest(cells_after) as cell, generate_subscripts(cells_after, 1) as number
  from told
  where change = 'changed'
),

cells as (
  select
    coalesce(a.table_id, b.table_id) as table_id, coalesce(a.place, b.place) as place, coalesce(a.number, b.number) as number,
    coalesce(a.cell.name, b.cell.name) as column_name, b.cell.value as value_before, a.cell.value as value_after
  from before_cells b
  full join after_cells a on a.table_id = b.table_id and a.place = b.place and a.cell.name = b.cell.name
  where a.cell.value is distinct from b.cell.value or a.table_id is null or b.table_id is null
)

select
  t.table_id, t.change, t.key, t.position_before, t.position_after, c.column_name, c.value_before, c.value_after
from told t
left join cells c on c.table_id = t.table_id and c.place = t.place
order by t.table_id, t.place, c.number, c.column_name
