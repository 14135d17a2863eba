/*---
id: rpt_traceability_coverage
title: Coverage by account and cluster
description: |
  The population of each account and cluster by outcome. A record that names no cluster has none here; ECS then uses the
  cluster named default, which the record does not say.
key: [account_id, cluster]
params: { from: timestamptz, to: timestamptz }
controls: [soc2:CC6.1, iso27001:A.8.15]
---*/
with left_out as (select account_id, cluster_name, role_arn from report_left_out),

population as (
  select account_id, cluster_name, outcome, confidence
  from cor_population p
  where
    p.at >= $from and p.at < $to
    and not exists (
      select 1 from left_out o
      where o.account_id = coalesce(p.account_id, '') and o.cluster_name = coalesce(p.cluster_name, '') and o.role_arn = coalesce(p.role_arn, '')
    )
)

select
  account_id, cluster_name as cluster,
  count(*) as population,
  count(*) filter (where outcome = 'traced' and confidence = 'proved') as proved,
  count(*) filter (where outcome = 'traced' and confidence = 'asserted') as asserted,
  count(*) filter (where outcome = 'traced' and confidence = 'inferred') as inferred,
  count(*) filter (where outcome = 'configured') as configured,
  count(*) filter (where outcome = 'not_traced') as not_traced,
  count(*) filter (where outcome = 'not_yet_due') as not_yet_due,
  cast(count(*) filter (where outcome = 'traced') as double) / count(*) as traced_share
from population
group by account_id, cluster_name
order by account_id, cluster_name nulls last
