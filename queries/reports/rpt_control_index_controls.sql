/*---
id: rpt_control_index_controls
title: By control
description: |
  Each control of the two frameworks: how many reports, tables and detections of this program name it, how many findings those detections raised in the
  period and where these stand, and what is not shown. A finding counts for every control that its detection names. A control that nothing names says so.
params: { from: timestamptz, to: timestamptz }
controls: [soc2:CC2.1, iso27001:A.8.15]
---*/
with left_out as (select account_id, cluster_name, role_arn from report_left_out),

controls as (select position, control, framework, criterion, control_name, shows, not_shown from report_controls),

things as (select control, kind, thing from report_control_things),

findings as (
  select id, status, unnest(controls) as control
  from finding_life f
  where
    occurred_at >= $from and occurred_at < $to
    and not exists (
      select 1 from left_out o
      where o.account_id = coalesce(f.account_id, '') and o.cluster_name = coalesce(f.cluster_name, '') and o.role_arn = coalesce(f.role_arn, '')
    )
),

counted_things as (
  select
    control, count(*) filter (where kind = 'report') as reports, count(*) filter (where kind = 'table') as tables,
    count(*) filter (where kind = 'detection') as detections
  from things
  group by control
),

counted_findings as (
  select
    control, count(distinct id) as findings, count(distinct id) filter (where status = 'provisional') as provisional,
    count(distinct id) filter (where status = 'open') as open, count(distinct id) filter (where status = 'acknowledged') as acknowledged,
    count(distinct id) filter (where status = 'resolved') as resolved, count(distinct id) filter (where status = 'suppressed') as suppressed
  from findings
  group by control
)

select
  c.control, c.control_name, coalesce(t.reports, 0) as reports, coalesce(t.tables, 0) as tables, coalesce(t.detections, 0) as detections,
  coalesce(f.findings, 0) as findings, coalesce(f.provisional, 0) as provisional, coalesce(f.open, 0) as open,
  coalesce(f.acknowledged, 0) as acknowledged, coalesce(f.resolved, 0) as resolved, coalesce(f.suppressed, 0) as suppressed,
  case when t.control is null or c.shows = '' then 'Nothing here shows it.' else c.shows end as shows, c.not_shown
from controls c
left join counted_things t on t.control = c.control
left join counted_findings f on f.control = c.control
order by c.position
