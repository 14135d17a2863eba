/*---
id: detection_differences
title: What a changed detection finds that the stored findings lack, and the other way round
description: |
  Reads the temporary table `detected`, which a detection's query has filled, and the published findings of that detection. One row a
  dedup_key: `found` where only the query has it, `lost` where only the findings have it, `changed` where status, subject, time, summary,
  reason or evidence differ, else `same`. Evidence is compared by its records' ids. What people decided takes no part.
params:
  detection: { type: text, description: Its id }
  since: { type: timestamptz, default: null, description: "What occurred before this is left out; null: nothing is" }
---*/
with rows_now as (
  select
    dedup_key, occurred_at, subject_kind, subject_id, summary, reason,
    case when is_provisional then 'provisional' else 'open' end as status,
    list_sort(list_distinct(list_filter(list_transform(coalesce(evidence, []), lambda entry: entry.record_id), lambda id: id is not null))) as evidence_ids
  from detected
),

-- As findings are kept: of rows that share a dedup_key, the first.
placed as (
  select
    dedup_key, occurred_at, subject_kind, subject_id, summary, reason, status, evidence_ids,
    row_number() over (partition by dedup_key order by occurred_at, subject_kind, subject_id, summary, reason) as place
  from rows_now
),

now_found as (
  select dedup_key, occurred_at, subject_kind, subject_id, summary, reason, status, evidence_ids
  from placed
  where place = 1
),

stored as (
  select
    id, dedup_key, occurred_at, subject_kind, subject_id, summary, reason, status,
    list_sort(list_distinct(list_transform(coalesce(evidence, []), lambda entry: entry.record_id))) as evidence_ids
  from findings
  where detection = $detection
),

paired as (
  select
    s.id as finding_id,
    coalesce(n.dedup_key, s.dedup_key) as dedup_key,
    coalesce(n.occurred_at, s.occurred_at) as occurred_at,
    coalesce(n.subject_kind, s.subject_kind) as subject_kind,
    coalesce(n.subject_id, s.subject_id) as subject_id,
    coalesce(n.summary, s.summary) as summary,
    s.status as status_before, n.status as status_now,
    case
      when s.dedup_key is null then 'found'
      when n.dedup_key is null then 'lost'
      when (n.status, n.occurred_at, n.subject_kind, n.subject_id, n.summary, n.reason, n.evidence_ids)
        is distinct from (s.status, s.occurred_at, s.subject_kind, s.subject_id, s.summary, s.reason, s.evidence_ids) then 'changed'
      else 'same'
    end as difference,
    list_filter([
      case when n.status is distinct from s.status then 'status' end,
      case when n.occurred_at is distinct from s.occurred_at then 'time' end,
      case when (n.subject_kind, n.subject_id) is distinct from (s.subject_kind, s.subject_id) then 'subject' end,
      case when n.summary is distinct from s.summary then 'summary' end,
      case when n.reason is distinct from s.reason then 'reason' end,
      case when n.evidence_ids is distinct from s.evidence_ids then 'evidence' end
    ], lambda name: name is not null) as what_differs
  from now_found n
  full join stored s on s.dedup_key = n.dedup_key
  -- In the period where either is: a finding that moves over its edge is one that changed.
  where cast($since as timestamptz) is null or n.occurred_at >= cast($since as timestamptz) or s.occurred_at >= cast($since as timestamptz)
)

select finding_id, dedup_key, occurred_at, subject_kind, subject_id, summary, status_before, status_now, difference, what_differs
from paired
order by occurred_at, dedup_key
