/*---
id: digest
title: A day of findings in numbers
description: One row. Reads finding_life and life_changes. What the run recorded that plans the digest is in it.
params:
  from_at: { type: timestamptz, description: "After the digest before" }
  to_at: { type: timestamptz, description: "Up to and including this one" }
---*/
with standing as (
  select
    count(*) filter (where severity = 'low') as low, count(*) filter (where severity = 'medium') as medium,
    count(*) filter (where severity = 'high') as high, count(*) filter (where severity = 'critical') as critical
  from finding_life
  where status in ('open', 'acknowledged')
),

others as (
  select count(*) filter (where status = 'provisional') as provisional, count(*) filter (where status = 'suppressed') as suppressed
  from finding_life
),

came as (
  select
    count(distinct finding_id) filter (where cause in ('found', 'found_again', 'evidence_added') and status = 'open' or cause = 'settled') as appeared,
    count(distinct finding_id) filter (where cause = 'gone') as gone
  from life_changes
  where "at" > $from_at and "at" <= $to_at
),

judged as (
  select count(*) as resolved from finding_life where status = 'resolved' and is_present and decided_at > $from_at and decided_at <= $to_at
)

select
  s.low, s.medium, s.high, s.critical, c.appeared, c.gone + j.resolved as resolved, o.provisional, o.suppressed
from standing s
cross join others o
cross join came c
cross join judged j
