/*---
id: rpt_traceability_outcomes
title: Outcomes
description: |
  Every member of the population has exactly one outcome; the traced ones are cut further by how sure the identity is. The
  rows add up to the population.
key: [outcome, confidence]
params: { from: timestamptz, to: timestamptz }
controls: [soc2:CC6.1, soc2:CC7.2, iso27001:A.8.15]
---*/
with left_out as (select account_id, cluster_name, role_arn from report_left_out),

population as (
  select kind, outcome, confidence
  from cor_population p
  where
    p.at >= $from and p.at < $to
    and not exists (
      select 1 from left_out o
      where o.account_id = coalesce(p.account_id, '') and o.cluster_name = coalesce(p.cluster_name, '') and o.role_arn = coalesce(p.role_arn, '')
    )
),

outcomes as (
  select position, label, outcome, confidence
  from (
    values
      (1, 'traced, proved', 'traced', 'proved'),
      (2, 'traced, asserted', 'traced', 'asserted'),
      (3, 'traced, inferred', 'traced', 'inferred'),
      (4, 'configured', 'configured', cast(null as varchar)),
      (5, 'not traced', 'not_traced', cast(null as varchar)),
      (6, 'not yet due', 'not_yet_due', cast(null as varchar))
  ) as o (position, label, outcome, confidence)
),

counted as (
  select
    o.position, o.label, o.outcome, o.confidence,
    count(p.kind) filter (where p.kind = 'action') as actions,
    count(p.kind) filter (where p.kind = 'task') as tasks,
    count(p.kind) as population
  from outcomes o
  left join population p on p.outcome = o.outcome and (o.confidence is null or p.confidence = o.confidence)
  group by o.position, o.label, o.outcome, o.confidence
)

select
  label, outcome, confidence, actions, tasks, population,
  cast(population as double) / nullif(sum(population) over (), 0) as share
from counted
order by position
