/*---
id: diff_tables
title: How the tables of two bundles differ
description: One row a table, with how many of its rows are the same, changed, added and removed. Reads `diff_rows`.
---*/
select
  table_id,
  count(position_before) as rows_before, count(position_after) as rows_after,
  count(*) filter (where change = 'same') as same, count(*) filter (where change = 'changed') as changed,
  count(*) filter (where change = 'added') as added, count(*) filter (where change = 'removed') as removed
from diff_rows
group by table_id
order by table_id
