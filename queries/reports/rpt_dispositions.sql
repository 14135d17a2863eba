/*---
id: rpt_dispositions
title: Findings of the period, and what became of them
description: |
  Findings that occurred in the period by severity and by where each stands: provisional ones may still vanish by themselves; the others are open,
  or somebody or the record itself has acknowledged, resolved or suppressed them. The report of exceptions lists each.
key: [severity]
params: { from: timestamptz, to: timestamptz }
controls: [soc2:CC7.3, soc2:CC7.4, iso27001:A.5.25]
---*/
with left_out as (select account_id, cluster_name, role_arn from report_left_out),

findings as (
  select severity, status
  from finding_life f
  where
    occurred_at >= $from and occurred_at < $to
    and not exists (
      select 1 from left_out o
      where o.account_id = coalesce(f.account_id, '') and o.cluster_name = coalesce(f.cluster_name, '') and o.role_arn = coalesce(f.role_arn, '')
    )
),

severities as (
  select position, severity
  from (values (1, 'critical'), (2, 'high'), (3, 'medium'), (4, 'low')) as s (position, severity)
)

select
  s.severity, count(f.status) as findings,
  count(f.status) filter (where f.status = 'provisional') as provisional,
  count(f.status) filter (where f.status = 'open') as open,
  count(f.status) filter (where f.status = 'acknowledged') as acknowledged,
  count(f.status) filter (where f.status = 'resolved') as resolved,
  count(f.status) filter (where f.status = 'suppressed') as suppressed
from severities s
left join findings f on f.severity = s.severity
group by s.position, s.severity
order by s.position
