/*---
id: findings
title: Where findings stand
description: |
  Findings that occurred in the period, of one detection or status where asked, in a total order: by time, then detection,
  then id. The period includes `from_at` and not `to_at`. Reads the temporary table finding_life.
params:
  from_at: { type: timestamptz, default: null, description: "Not before this instant; null: since ever" }
  to_at: { type: timestamptz, default: null, description: "Before this instant; null: until now" }
  detection: { type: text, default: null, description: "Of this detection; null: of all" }
---*/
with found as (
  select
    id, detection, severity, status, occurred_at, subject_kind, subject_id, summary, reason, dedup_key, controls, evidence, query_sha256,
    is_present, opening, status_since, who_kind, who_tenant_id, who_object_id, who_name, role_arn, account_id, cluster_name, team, assignee,
    decided_by, decided_at, decided_reason, suppressed_until, suppressed_by
  from finding_life
  where
    (cast($from_at as timestamptz) is null or occurred_at >= cast($from_at as timestamptz))
    and (cast($to_at as timestamptz) is null or occurred_at < cast($to_at as timestamptz))
    and (cast($detection as varchar) is null or detection = $detection)
)

select
  id, detection, severity, status, occurred_at, subject_kind, subject_id, summary, reason, dedup_key, controls, evidence, query_sha256,
  is_present, opening, status_since, who_kind, who_tenant_id, who_object_id, who_name, role_arn, account_id, cluster_name, team, assignee,
  decided_by, decided_at, decided_reason, suppressed_until, suppressed_by
from found
order by occurred_at, detection, id
