/*---
id: rpt_exceptions_rows
title: Every exception
description: |
  What detections found in records of the period, each with who owns it, what became of it, by whom and why. Due: the time by which somebody should have
  decided, counted from the occurrence, by severity as configured; a suppression runs to its own end. Overdue is
  what is open after that, as of the end of what the sources cover. Evidence that detections took out of landing's own logs has no record of a source, and
  stands here without a hash.
key: [finding_id]
params: { from: timestamptz, to: timestamptz }
controls: [soc2:CC7.3, soc2:CC7.4, iso27001:A.5.24, iso27001:A.5.25, iso27001:A.5.26, iso27001:A.5.27]
---*/
with left_out as (select account_id, cluster_name, role_arn from report_left_out),

found as (
  select
    id, detection, severity, status, occurred_at, subject_kind, subject_id, summary, reason, controls, evidence, query_sha256, is_present,
    who_name, who_object_id, account_id, team, assignee, decided_by, decided_at, decided_reason, suppressed_until, suppressed_by
  from finding_life f
  where
    occurred_at >= $from and occurred_at < $to
    and not exists (
      select 1 from left_out o
      where o.account_id = coalesce(f.account_id, '') and o.cluster_name = coalesce(f.cluster_name, '') and o.role_arn = coalesce(f.role_arn, '')
    )
),

due_days as (select severity, days from cfg_due_days),

clock as (select max(complete_through) as covered_through from stg_sources),

dated as (
  select
    f.id,
    case
      when f.status = 'suppressed' then f.suppressed_until
      else f.occurred_at + y.days * interval '24' hour
    end as due_at
  from found f
  left join due_days y on y.severity = f.severity
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
  where source <> 'landing'
  group by id
)

select
  f.occurred_at, f.severity, f.detection, f.status, f.summary, f.subject_kind, f.subject_id, coalesce(f.who_name, f.who_object_id) as who,
  f.account_id, f.team, f.assignee as owner,
  case
    when f.status = 'resolved' and f.decided_by is null then 'over by itself'
    when f.status = 'suppressed' and f.suppressed_by = 'exception' then 'excepted by the configuration'
    when f.decided_by is not null then 'decided'
    when f.status = 'provisional' then 'may vanish'
    else 'nobody has decided'
  end as disposition,
  f.decided_by, f.decided_at, f.decided_reason, d.due_at,
  f.status = 'open' and d.due_at < c.covered_through as is_overdue,
  f.reason, f.controls, f.id as finding_id, f.query_sha256, g.evidence
from found f
inner join dated d on d.id = f.id
cross join clock c
left join gathered g on g.id = f.id
order by
  case f.severity when 'critical' then 1 when 'high' then 2 when 'medium' then 3 else 4 end,
  f.occurred_at, f.detection, f.id
