/*---
id: rpt_traceability_reasons
title: Reasons
description: |
  Why an answer is missing, or is not the whole answer. Only members of the population that have a reason are counted here;
  each has one.
key: [reason, outcome]
params: { from: timestamptz, to: timestamptz }
controls: [soc2:CC6.1, soc2:CC7.2]
---*/
with left_out as (select account_id, cluster_name, role_arn from report_left_out),

population as (
  select kind, outcome, reason
  from cor_population p
  where
    p.at >= $from and p.at < $to
    and not exists (
      select 1 from left_out o
      where o.account_id = coalesce(p.account_id, '') and o.cluster_name = coalesce(p.cluster_name, '') and o.role_arn = coalesce(p.role_arn, '')
    )
)

select
  reason, outcome,
  count(*) filter (where kind = 'action') as actions,
  count(*) filter (where kind = 'task') as tasks,
  count(*) as population
from population
where reason is not null
group by reason, outcome
order by population desc, reason, outcome
