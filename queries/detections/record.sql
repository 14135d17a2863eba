/*---
id: record
title: Keep what one detection found
description: |
  Takes the rows that a detection left in the temporary table `detected` into `findings`. Not for a detection's own SQL, so
  it may use what is DuckDB's alone. Of rows that share a dedup_key the first in a total order is kept.
params:
  detection: { type: text, description: Its id }
  severity: { type: text, description: Its severity }
  controls: { type: text_list, description: Its controls }
  query_sha256: { type: text, description: SHA-256 of its file }
---*/
insert into findings by name
select
  substr(sha256($detection || chr(10) || dedup_key), 1, 32) as id,
  $detection as detection,
  $severity as severity,
  case when is_provisional then 'provisional' else 'open' end as status,
  occurred_at, subject_kind, subject_id, summary, reason, dedup_key,
  $controls as controls,
  list_filter(coalesce(evidence, []), lambda entry: entry.record_id is not null) as evidence,
  $query_sha256 as query_sha256
from detected
qualify row_number() over (partition by dedup_key order by occurred_at, subject_kind, subject_id, summary, reason) = 1
order by dedup_key
