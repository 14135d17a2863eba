/*---
id: decisions
title: What people decided about findings
description: |
  The journal's lines about findings that were there at an instant. A last line that is still being written, or that a crash cut off,
  is no line yet. `evidence_ids`: the records that showed the finding to whoever decided; null in lines that were written before they
  were kept, which have their hash alone.
params:
  path: { type: text, description: "Of landing/journal.jsonl" }
  known_at: { type: timestamptz, description: "Lines up to and including this instant" }
  last_seq: { type: integer, description: "Of the last line that is whole" }
---*/
select
  seq,
  "at",
  "by",
  split_part(action, '.', 2) as decision,
  subject as finding_id,
  reason,
  try_cast(detail ->> '$.until' as timestamptz) as until_at,
  detail ->> '$.assignee' as assignee,
  try_cast(detail ->> '$.opening' as integer) as opening,
  detail ->> '$.evidence_sha256' as evidence_sha256,
  try_cast(detail -> '$.evidence_ids' as varchar[]) as evidence_ids
from read_json(
  $path,
  format = 'newline_delimited', ignore_errors = true,
  columns = { seq: 'BIGINT', "at": 'TIMESTAMPTZ', "by": 'VARCHAR', action: 'VARCHAR', subject: 'VARCHAR', reason: 'VARCHAR', detail: 'JSON' }
)
where seq <= $last_seq and starts_with(action, 'finding.') and "at" <= $known_at
order by seq
