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
with population as (
  select kind, outcome, reason from cor_population p where p.at >= $from and p.at < $to
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
