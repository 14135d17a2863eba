/*---
id: rpt_exceptions_due
title: Time to decide
description: |
  How long after what was found somebody should have decided, by severity, as the configuration says (reports.due_days). Overdue: open findings of the
  period that are past it, as of the end of what the sources cover.
key: [severity]
params: { from: timestamptz, to: timestamptz }
controls: [soc2:CC7.3, soc2:CC7.4, iso27001:A.5.26]
---*/
with due as (select severity, days from cfg_due_days),

left_out as (select account_id, cluster_name, role_arn from report_left_out),

findings as (
  select severity, status, occurred_at
  from finding_life f
  where
    occurred_at >= $from and occurred_at < $to
    and not exists (
      select 1 from left_out o
      where o.account_id = coalesce(f.account_id, '') and o.cluster_name = coalesce(f.cluster_name, '') and o.role_arn = coalesce(f.role_arn, '')
    )
),

clock as (select max(complete_through) as covered_through from stg_sources)

select
  d.severity, cast(d.days as bigint) as due_days, count(f.status) as findings, count(f.status) filter (where f.status = 'open') as open,
  count(f.status) filter (where f.status = 'open' and f.occurred_at + d.days * interval '24' hour < c.covered_through) as overdue
from due d
cross join clock c
left join findings f on f.severity = d.severity
group by d.severity, d.days
order by case d.severity when 'critical' then 1 when 'high' then 2 when 'medium' then 3 else 4 end
