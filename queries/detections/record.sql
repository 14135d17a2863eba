/*---
id: record
title: Keep what the detections found
description: |
  Takes the rows of the temporary table `detected` into `findings`, with what `detecting` says of each detection. Once for all
  detections: a statement for each took a fifth of the time of a small folder. Not for a detection's own SQL, so it may use what
  is DuckDB's alone. Of rows of a detection that share a dedup_key the first in a total order is kept.
---*/
insert into findings by name
select
  substr(sha256(d.detection || chr(10) || d.dedup_key), 1, 32) as id,
  d.detection,
  r.severity,
  case when d.is_provisional then 'provisional' else 'open' end as status,
  d.occurred_at, d.subject_kind, d.subject_id, d.summary, d.reason, d.dedup_key,
  r.controls,
  list_filter(coalesce(d.evidence, []), lambda entry: entry.record_id is not null) as evidence,
  r.query_sha256
from detected d
inner join detecting r on r.detection = d.detection
qualify row_number() over (partition by d.detection, d.dedup_key order by d.occurred_at, d.subject_kind, d.subject_id, d.summary, d.reason) = 1
order by d.detection, d.dedup_key
