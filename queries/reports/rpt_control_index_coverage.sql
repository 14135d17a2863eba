/*---
id: rpt_control_index_coverage
title: The figures that all controls rest on
description: |
  The population of the period and how much of it leads back to an identity, and what detections found in it.
params: { from: timestamptz, to: timestamptz }
controls: [soc2:CC6.1, soc2:CC7.2, iso27001:A.8.15]
---*/
with left_out as (select account_id, cluster_name, role_arn from report_left_out),

population as (
  select outcome
  from cor_population p
  where
    p.at >= $from and p.at < $to
    and not exists (
      select 1 from left_out o
      where o.account_id = coalesce(p.account_id, '') and o.cluster_name = coalesce(p.cluster_name, '') and o.role_arn = coalesce(p.role_arn, '')
    )
),

findings as (
  select status
  from finding_life f
  where
    occurred_at >= $from and occurred_at < $to
    and not exists (
      select 1 from left_out o
      where o.account_id = coalesce(f.account_id, '') and o.cluster_name = coalesce(f.cluster_name, '') and o.role_arn = coalesce(f.role_arn, '')
    )
),

answered as (
  select
    count(*) as population, count(*) filter (where outcome in ('traced', 'configured')) as answered,
    count(*) filter (where outcome = 'not_traced') as not_traced, count(*) filter (where outcome = 'not_yet_due') as not_yet_due
  from population
),

raised as (
  select
    count(*) as findings, count(*) filter (where status in ('open', 'provisional')) as undecided,
    count(*) filter (where status = 'suppressed') as suppressed
  from findings
)

select
  a.population, a.answered, cast(a.answered as double) / nullif(a.population, 0) as answered_share, a.not_traced, a.not_yet_due, r.findings, r.undecided,
  r.suppressed
from answered a
cross join raised r
order by a.population
