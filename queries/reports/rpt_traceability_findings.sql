/*---
id: rpt_traceability_findings
title: Findings
description: |
  What the detections found in records of the period, the most severe first. A provisional finding may still vanish when late
  records come.
key: [finding_id]
params: { from: timestamptz, to: timestamptz }
controls: [soc2:CC7.2, soc2:CC7.3, iso27001:A.8.16]
---*/
with left_out as (select account_id, cluster_name, role_arn from report_left_out),

places as (select id, account_id, cluster_name, role_arn from finding_life),

found as (
  select
    f.id, f.detection, f.severity, f.status, f.occurred_at, f.subject_kind, f.subject_id, f.summary, f.reason, f.controls, f.evidence, f.query_sha256
  from findings f
  left join places p on p.id = f.id
  where
    f.occurred_at >= $from and f.occurred_at < $to
    and not exists (
      select 1 from left_out o
      where o.account_id = coalesce(p.account_id, '') and o.cluster_name = coalesce(p.cluster_name, '') and o.role_arn = coalesce(p.role_arn, '')
    )
),

unfolded as (
  select f.id, e.source, e.owner_id, e.record_id, e.record_at
  from found f
  cross join unnest(f.evidence) as u (e)
),

gathered as (
  select
    id,
    array_agg(
      cast(
        row('evidence', source, owner_id, record_id, record_at)
        as row(hop varchar, source varchar, owner_id varchar, record_id varchar, record_at timestamptz)
      )
      order by record_at, source, owner_id, record_id
    ) as evidence
  from unfolded
  group by id
)

select
  f.occurred_at, f.severity, f.detection, f.status, f.summary, f.subject_kind, f.subject_id, f.reason, f.controls,
  f.id as finding_id, f.query_sha256, g.evidence
from found f
left join gathered g on g.id = f.id
order by
  case f.severity when 'critical' then 1 when 'high' then 2 when 'medium' then 3 else 4 end,
  f.occurred_at, f.detection, f.id
