/*---
id: changes_due
title: Findings that changed since they were last recorded
description: |
  Reads the temporary tables finding_life and life_changes. A provisional finding is recorded once it is old enough; one that goes before
  leaves no line.
params:
  recorded_before: { type: timestamptz, description: "Provisional findings that occurred before this are recorded" }
---*/
with recorded as (
  select
    finding_id, max_by(status, seq) as status, max(opening) as opening, max_by(evidence_sha256, seq) as evidence_sha256
  from life_changes
  group by finding_id
),

found as (select id, status from findings),

compared as (
  select
    l.*, f.status as found_status, r.status as recorded_status, r.evidence_sha256 as recorded_evidence,
    case
      when r.status is null and f.status = 'open' then 'found'
      when r.status is null and l.occurred_at <= $recorded_before then 'found'
      when r.status is null then null
      when not l.is_present then case when r.status <> 'resolved' then 'gone' end
      when r.status = 'resolved' and (f.status = 'open' or l.occurred_at <= $recorded_before) then 'found_again'
      when r.status = 'resolved' then null
      when l.opening > r.opening then 'evidence_added'
      when r.status = 'provisional' and f.status = 'open' then 'settled'
      when r.status = 'open' and f.status = 'provisional' then 'unsettled'
    end as cause
  from finding_life l
  left join found f on f.id = l.id
  left join recorded r on r.finding_id = l.id
)

select
  id as finding_id, detection,
  case when cause = 'gone' then 'resolved' else found_status end as "to",
  cause,
  coalesce(evidence_sha256, recorded_evidence) as evidence_sha256,
  case
    when cause <> 'gone'
      then struct_pack(severity, occurred_at, subject_kind, subject_id, summary, reason, dedup_key, controls, query_sha256)
  end as snapshot
from compared
where cause is not null
order by occurred_at, detection, id
