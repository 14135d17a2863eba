/*---
id: findings
title: What the detections found
description: |
  Findings that occurred in the period, of one detection or status where asked, in a total order: by time, then detection,
  then id. The period includes `from_at` and not `to_at`.
params:
  from_at: { type: timestamptz, default: null, description: "Not before this instant; null: since ever" }
  to_at: { type: timestamptz, default: null, description: "Before this instant; null: until now" }
  detection: { type: text, default: null, description: "Of this detection; null: of all" }
  status: { type: text, default: null, description: "Of this status; null: of any" }
---*/
with found as (
  select
    id, detection, severity, status, occurred_at, subject_kind, subject_id, summary, reason, dedup_key, controls, evidence, query_sha256
  from findings
  where
    (cast($from_at as timestamptz) is null or occurred_at >= cast($from_at as timestamptz))
    and (cast($to_at as timestamptz) is null or occurred_at < cast($to_at as timestamptz))
    and (cast($detection as varchar) is null or detection = $detection)
    and (cast($status as varchar) is null or status = $status)
)

select
  id, detection, severity, status, occurred_at, subject_kind, subject_id, summary, reason, dedup_key, controls, evidence, query_sha256
from found
order by occurred_at, detection, id
