/*---
id: quarantine_growth
title: Many records of a source could not be read
description: |
  On a day (UTC) of landing, a source's rejected records are at least `least`, at least `percent` of all that were read, and more than
  on any day before. What is rejected takes no part in answers.
  Not seen: records that are read and mean something else than before; a source that was always as bad.
severity: medium
sources: [landing]
controls: [soc2:CC2.1, soc2:PI1.4, iso27001:A.8.15]
params:
  least: { type: integer, default: 10, description: So many rejected records on a day at least }
  percent: { type: integer, default: 1, description: So many of a hundred records read at least }
false_positives: |
  Files ingested by hand that hold something else than logs.
runbook: |
  1. Ask `whoran status` for the rejects and their reasons.
  2. See whether the service changed its format, or somebody put other files where the source looks.
  3. Once the form is known or the files are gone, ingest them again; the rest of the source is landed as always.
---*/
with days as (
  select source, landed_on, last_landed_at, records_read, records_rejected, first_reason, last_line
  from stg_reject_days
),
ranked as (
  select
    source, landed_on, last_landed_at, records_read, records_rejected, first_reason, last_line,
    coalesce(max(records_rejected) over (partition by source order by landed_on rows between unbounded preceding and 1 preceding), 0) as most_before
  from days
)
select
  'source' as subject_kind,
  source as subject_id,
  last_landed_at as occurred_at,
  cast(records_rejected as varchar) || ' of ' || cast(records_read as varchar) || ' records of source ' || source || ' landed on '
    || cast(landed_on as varchar) || ' could not be read: ' || coalesce(first_reason, 'no reason is known') as summary,
  'quarantine_growth/' || source || '/' || cast(landed_on as varchar) as dedup_key,
  cast(null as varchar) as reason,
  array[row('landing', '', 'ledger.jsonl:' || cast(last_line as varchar), last_landed_at)] as evidence,
  false as is_provisional
from ranked
where records_rejected >= $least and records_rejected * 100 >= records_read * $percent and records_rejected > most_before
order by occurred_at, dedup_key
