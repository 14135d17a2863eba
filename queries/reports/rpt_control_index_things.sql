/*---
id: rpt_control_index_things
title: What shows what
description: |
  Each report, table of a report and detection that names a control. Figures are those of the period: for a detection its findings and how many of them
  nobody has decided, for a report the numbers that head it. A detection without findings looked and found nothing, as far as its sources are landed.
params: { from: timestamptz, to: timestamptz }
controls: [soc2:CC2.1, iso27001:A.8.15]
---*/
with left_out as (select account_id, cluster_name, role_arn from report_left_out),

controls as (select position, control from report_controls),

things as (select control, kind, thing, title from report_control_things),

findings as (
  select detection, status
  from finding_life f
  where
    occurred_at >= $from and occurred_at < $to
    and not exists (
      select 1 from left_out o
      where o.account_id = coalesce(f.account_id, '') and o.cluster_name = coalesce(f.cluster_name, '') and o.role_arn = coalesce(f.role_arn, '')
    )
),

by_detection as (
  select detection, count(*) as findings, count(*) filter (where status in ('open', 'provisional')) as undecided
  from findings
  group by detection
),

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

sessions as (
  select sign_in_grade
  from cor_sessions s
  where
    session_kind in ('web_identity', 'saml') and is_issued and opened_at >= $from and opened_at < $to
    and not exists (
      select 1 from left_out o
      where o.account_id = coalesce(s.account_id, '') and o.cluster_name = '' and o.role_arn = coalesce(s.role_arn, '')
    )
),

refusals as (
  select event_id
  from stg_application_logs l
  where
    event_at >= $from and event_at < $to
    and not exists (
      select 1 from left_out o
      where o.account_id = coalesce(l.account_id, '') and o.cluster_name = '' and o.role_arn = ''
    )
),

audits as (select audit_id from stg_directory_audits where activity_at >= $from and activity_at < $to),

sources as (select complete_through from stg_sources),

figures as (
  select
    'traceability' as thing, cast(count(*) as varchar) || ' in the population, '
      || coalesce(cast(round(100.0 * count(*) filter (where outcome in ('traced', 'configured')) / nullif(count(*), 0), 1) as varchar) || ' % answered', 'none to answer')
      || ', ' || cast(count(*) filter (where outcome = 'not_traced') as varchar) || ' not traced' as figure
  from population
  union all
  select
    'sign-in-to-session', cast(count(*) as varchar) || ' federated sessions, ' || cast(count(*) filter (where sign_in_grade = 'exact') as varchar)
      || ' with their exact sign-in, ' || cast(count(*) filter (where sign_in_grade = 'none') as varchar) || ' with none'
  from sessions
  union all
  select
    'exceptions', cast(count(*) as varchar) || ' findings, ' || cast(count(*) filter (where status in ('open', 'provisional')) as varchar) || ' that nobody has decided'
  from findings
  union all
  select 'token-expiry', cast(count(*) as varchar) || ' refusals of an expired token in application logs' from refusals
  union all
  select 'access-changes', cast(count(*) as varchar) || ' directory audits' from audits
  union all
  select
    'completeness', cast(count(*) as varchar) || ' sources and kinds, '
      || cast(count(*) filter (where complete_through is null or complete_through < $to) as varchar) || ' end before the period does'
  from sources
  union all
  select 'control-index', 'this report'
)

select
  t.control, t.kind as thing_kind, t.thing, t.title as thing_title,
  case
    when t.kind = 'detection' then cast(coalesce(d.findings, 0) as varchar) || ' findings, ' || cast(coalesce(d.undecided, 0) as varchar) || ' that nobody has decided'
    else g.figure
  end as figure,
  case when t.kind = 'detection' then coalesce(d.findings, 0) end as findings
from things t
inner join controls c on c.control = t.control
left join by_detection d on t.kind = 'detection' and d.detection = t.thing
left join figures g on t.kind = 'report' and g.thing = t.thing
order by c.position, case t.kind when 'report' then 1 when 'detection' then 2 else 3 end, t.thing
