/*---
id: rpt_traceability_totals
title: The population and its parts
description: |
  One row: the ECS actions that change something and the tasks of the period, and how many of them have which outcome.
key: []
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
)

select
  count(*) as population,
  count(*) filter (where kind = 'action') as actions,
  count(*) filter (where kind = 'task') as tasks,
  count(*) filter (where outcome = 'traced') as traced,
  count(*) filter (where outcome = 'configured') as configured,
  count(*) filter (where outcome = 'not_traced') as not_traced,
  count(*) filter (where outcome = 'not_yet_due') as not_yet_due,
  cast(count(*) filter (where outcome = 'traced') as double) / nullif(count(*), 0) as traced_share,
  cast(count(*) filter (where outcome in ('traced', 'configured')) as double) / nullif(count(*), 0) as answered_share
from population
