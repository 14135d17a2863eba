/*---
id: rpt_exceptions_by_detection
title: By detection
description: |
  Findings of the period by detection and by where each stands. A detection that found nothing is not listed: the detections that ran are named by
  `whoran detections list`.
key: [detection, severity]
params: { from: timestamptz, to: timestamptz }
controls: [soc2:CC7.2, soc2:CC7.3, iso27001:A.8.16]
---*/
with left_out as (select account_id, cluster_name, role_arn from report_left_out),

findings as (
  select detection, severity, status
  from finding_life f
  where
    occurred_at >= $from and occurred_at < $to
    and not exists (
      select 1 from left_out o
      where o.account_id = coalesce(f.account_id, '') and o.cluster_name = coalesce(f.cluster_name, '') and o.role_arn = coalesce(f.role_arn, '')
    )
)

select
  detection, severity, count(*) as findings,
  count(*) filter (where status = 'provisional') as provisional,
  count(*) filter (where status = 'open') as open,
  count(*) filter (where status = 'acknowledged') as acknowledged,
  count(*) filter (where status = 'resolved') as resolved,
  count(*) filter (where status = 'suppressed') as suppressed
from findings
group by detection, severity
order by case severity when 'critical' then 1 when 'high' then 2 when 'medium' then 3 else 4 end, detection
