/*---
id: removals
title: What became of batches that retention or an erasure took something from
description: |
  One row a batch of landing's removals.jsonl, by all of its lines: `removed` (its bytes are gone), `left_out` (they are there, and the database leaves them
  out), else `erased` (records were cut out of it, `records_erased` of them).
params:
  path: { type: text, description: "Of landing/removals.jsonl" }
  last_seq: { type: integer, description: "Of the last line that is whole" }
---*/
with removal_lines as (
  select seq, batch, layer, coalesce(json_type(now), 'NULL') <> 'NULL' as is_left, records_removed
  from read_json(
    $path,
    format = 'newline_delimited', ignore_errors = true,
    columns = { seq: 'BIGINT', batch: 'BIGINT', layer: 'VARCHAR', now: 'JSON', records_removed: 'BIGINT' }
  )
  where seq <= $last_seq
),

batches as (
  select
    batch,
    arg_max(is_left, seq) filter (where layer = 'landed') as is_left,
    arg_max(records_removed, seq) filter (where layer = 'landed') as records_removed,
    bool_or(layer = 'database') as is_left_out
  from removal_lines
  group by batch
)

select
  batch as batch_seq,
  case when not is_left then 'removed' when is_left_out then 'left_out' else 'erased' end as state,
  case when is_left then coalesce(records_removed, 0) else 0 end as records_erased
from batches
order by batch
