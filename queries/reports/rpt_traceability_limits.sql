/*---
id: rpt_traceability_limits
title: What limits this report
description: |
  What is missing in the logs that the answers rest on, in sentences: sources that never came, begin late or end early,
  records that could not be read, answers that are not yet due.
key: [note]
params: { from: timestamptz, to: timestamptz }
controls: [soc2:PI1.4]
---*/
with left_out as (select account_id, cluster_name, role_arn from report_left_out),

sources as (select source, tenant_id, sign_in_kind, first_at, complete_through from stg_sources),

-- The edges that fall short of the period's; sources that share one are named together.
edges as (
  select 'end' as edge, date_trunc('second', complete_through) as at_time, source, tenant_id, sign_in_kind from sources where complete_through < $to
  union all
  select 'start', date_trunc('second', first_at), source, tenant_id, sign_in_kind from sources where first_at > $from
),

named as (
  select
    edge, at_time,
    case source
      when 'cloudtrail' then 'CloudTrail'
      when 'ecs_events' then 'ECS events'
      else 'sign-ins of tenant ' || coalesce(tenant_id, '?') || ' ('
        || coalesce(string_agg(replace(sign_in_kind, '_', ' '), ', ' order by sign_in_kind), '?') || ')'
    end as name
  from edges
  group by edge, at_time, source, tenant_id
),

short as (
  select edge, at_time, string_agg(name, '; ' order by name) as names from named group by edge, at_time
),

expected as (
  select position, source, note
  from (
    values
      (1, 'cloudtrail', 'No CloudTrail record is landed: who called whom is not known at all.'),
      (2, 'sign_ins', 'No Entra sign-in is landed: no identity of a person is known.'),
      (3, 'ecs_events', 'No ECS event (task state change) is landed: tasks are known from the calls that start them and from their role sessions alone, and a task that left neither is not counted.')
  ) as e (position, source, note)
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

deliveries as (select records_rejected, records_set_aside from stg_deliveries),

notes as (
  select 1 as weight, cast(e.position as varchar) as place, e.note
  from expected e
  left join (select distinct source from sources) s on s.source = e.source
  where s.source is null
  union all
  select
    2, strftime(timezone('UTC', at_time), '%Y-%m-%d %H:%M:%S'),
    'Complete through ' || strftime(timezone('UTC', at_time), '%Y-%m-%d %H:%M:%S') || 'Z, before the period''s end: ' || names
    || '. What came later is not in this report.'
  from short
  where edge = 'end'
  union all
  select
    3, strftime(timezone('UTC', at_time), '%Y-%m-%d %H:%M:%S'),
    'First record landed ' || strftime(timezone('UTC', at_time), '%Y-%m-%d %H:%M:%S') || 'Z, after the period''s start: ' || names
    || '. What happened before is not in this report.'
  from short
  where edge = 'start'
  union all
  select
    4, '',
    cast(count(*) as varchar) || ' of the population ' || case when count(*) = 1 then 'is' else 'are' end
    || ' not yet due: the logs that would decide are not complete so far. They are neither traced nor untraced.'
  from population
  where outcome = 'not_yet_due'
  having count(*) > 0
  union all
  select
    5, '',
    cast(sum(records_rejected) as varchar) || ' of the records delivered could not be read (of any time: a record that '
    || 'cannot be read has no time to trust). They are listed by reason under Sources.'
  from deliveries
  having sum(records_rejected) > 0
)

select note
from notes
order by weight, place, note
