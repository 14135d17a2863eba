/*---
id: quarantine_growth
title: Many records of a source could not be read
description: |
  On a day (UTC) of landing, as many of a source's records were rejected as `least`, and `times` as many as on a usual day: the median of
  the days, of the `days` before, on which it was landed. Where there is no such day, nothing says what is usual: then they are at least
  `percent` of what was read. What is rejected takes no part in answers. One finding for a source and day.
  Not seen: records that are read and mean something else than before; a source that is as bad every day, and from its second week on
  one that has turned bad; what is rejected a little each day; on a first day, a small share of much.
severity: medium
sources: [landing]
controls: [soc2:CC2.1, soc2:PI1.4, iso27001:A.8.15]
params:
  least: { type: integer, default: 10, description: "So many rejected records on a day at least, whatever is usual" }
  times: { type: number, default: 3, description: So many times the median of the days before at least }
  days: { type: integer, default: 14, description: So many days before are looked at }
  percent: { type: integer, default: 1, description: "So many of a hundred records read at least, on a day without any before" }
false_positives: |
  Files ingested by hand that hold something else than logs. A backfill of days in which the source was as bad.
runbook: |
  1. Ask `whoran status` for the rejects and their reasons.
  2. See whether the service changed its format, or somebody put other files where the source looks.
  3. Once the form is known or the files are gone, ingest them again; the rest of the source is landed as always.
---*/
with landed as (
  select source, landed_on, last_landed_at, records_read, records_rejected, first_reason, last_line
  from stg_reject_days
),
before as (
  select
    d.source, d.landed_on, b.records_rejected,
    row_number() over (partition by d.source, d.landed_on order by b.records_rejected, b.landed_on) as place,
    count(*) over (partition by d.source, d.landed_on) as days_before
  from landed d
  inner join landed b on b.source = d.source and date_diff('day', b.landed_on, d.landed_on) between 1 and $days
),
-- The median is the one in the middle, or the mean of the two: half of this sum.
usual as (
  select source, landed_on, min(records_rejected) + max(records_rejected) as twice_median
  from before
  where 2 * place between days_before and days_before + 2
  group by source, landed_on
),
judged as (
  select
    d.source, d.landed_on, d.last_landed_at, d.records_read, d.records_rejected, d.first_reason, d.last_line,
    u.twice_median
  from landed d
  left join usual u on u.source = d.source and u.landed_on = d.landed_on
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
from judged
where records_rejected >= $least and records_rejected > 0
  and case
    when twice_median is null then records_rejected * 100 >= records_read * $percent
    else 2 * records_rejected >= $times * twice_median
  end
order by occurred_at, dedup_key
