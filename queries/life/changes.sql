/*---
id: changes
title: How findings changed from run to run
description: |
  The lines of landing's alerts.jsonl about findings that were there at an instant. `opening` counts a finding's openings from 1: coming
  again after it was gone, or after somebody had resolved it, is another.
params:
  path: { type: text, description: "Of landing/alerts.jsonl" }
  known_at: { type: timestamptz, description: "Lines up to and including this instant" }
  last_seq: { type: integer, description: "Of the last line that is whole" }
---*/
with lines as (
  select seq, kind, "at", finding_id, detection, "to" as status, cause, evidence_sha256, snapshot
  from read_json(
    $path,
    format = 'newline_delimited', ignore_errors = true,
    columns = {
      seq: 'BIGINT', kind: 'VARCHAR', "at": 'TIMESTAMPTZ', finding_id: 'VARCHAR', detection: 'VARCHAR', "to": 'VARCHAR', cause: 'VARCHAR',
      evidence_sha256: 'VARCHAR',
      snapshot: 'STRUCT(severity VARCHAR, occurred_at TIMESTAMPTZ, subject_kind VARCHAR, subject_id VARCHAR, summary VARCHAR, reason VARCHAR, dedup_key VARCHAR, controls VARCHAR[], query_sha256 VARCHAR)'
    }
  )
  where kind = 'finding' and seq <= $last_seq and "at" <= $known_at
)

select
  seq, "at", finding_id, detection, status, cause, evidence_sha256, snapshot,
  cast(1 + count(*) filter (where cause in ('found_again', 'evidence_added')) over (
    partition by finding_id order by seq rows between unbounded preceding and current row
  ) as integer) as opening
from lines
order by seq
