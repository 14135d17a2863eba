/*---
id: rpt_completeness_streams
title: Each stream that delivered
description: |
  CloudTrail by account and Region, ECS events by account, Region and cluster, sign-ins by tenant and kind, directory audits by tenant. Silent hours are
  whole clock hours (UTC) of the period, up to where the source is complete, without one record. Complete: a live source has pulled everything up to the end
  of the period. Cannot be known here: the logs came as files, and nothing says that all of them were handed over, or no source says how far it is.
params: { from: timestamptz, to: timestamptz }
controls: [soc2:PI1.4, soc2:CC2.1, iso27001:A.8.15]
---*/
with records as (
  select 'cloudtrail' as source, account_id as owner_id, aws_region as stream_part, event_at as recorded_at from stg_events
  union all
  select 'ecs_events', account_id, coalesce(aws_region, '') || ' ' || coalesce(split_part(cluster_arn, '/', 2), ''), event_at from stg_task_events
  union all
  select 'ecs_events', account_id, coalesce(aws_region, '') || ' ' || coalesce(split_part(cluster_arn, '/', 2), ''), event_at from stg_ecs_events
  union all
  select 'sign_ins', tenant_id, sign_in_kind, created_at from cor_sign_ins
  union all
  select 'directory_audits', tenant_id, null, activity_at from stg_directory_audits
),

sources as (select source, tenant_id, sign_in_kind, complete_through from stg_sources),

live as (select distinct record_source as source from stg_source_watch where record_source is not null),

streams as (
  select
    source, owner_id, stream_part, count(*) as records_landed, min(recorded_at) as first_landed_at, max(recorded_at) as last_landed_at,
    count(*) filter (where recorded_at >= $from and recorded_at < $to) as records,
    min(recorded_at) filter (where recorded_at >= $from and recorded_at < $to) as first_in_period_at,
    max(recorded_at) filter (where recorded_at >= $from and recorded_at < $to) as last_in_period_at
  from records
  group by source, owner_id, stream_part
),

covered as (
  select
    s.source, s.owner_id, s.stream_part, s.records_landed, s.records, s.first_landed_at, s.last_landed_at, s.first_in_period_at, s.last_in_period_at,
    c.complete_through, l.source is not null as is_live,
    time_bucket(interval '1' hour, case when c.complete_through < $to then c.complete_through else $to end) as ends_at
  from streams s
  left join sources c
    on c.source = s.source and (c.tenant_id is null or c.tenant_id = s.owner_id) and (c.sign_in_kind is null or c.sign_in_kind = s.stream_part)
  left join live l on l.source = s.source
),

heard as (
  select c.source, c.owner_id, c.stream_part, count(distinct time_bucket(interval '1' hour, r.recorded_at)) as hours
  from covered c
  inner join records r on r.source = c.source and r.owner_id = c.owner_id and r.stream_part is not distinct from c.stream_part
  where r.recorded_at >= time_bucket(interval '1' hour, $from) and r.recorded_at < c.ends_at
  group by c.source, c.owner_id, c.stream_part
)

select
  c.source, c.owner_id, c.stream_part, c.records, c.first_in_period_at, c.last_in_period_at, c.records_landed, c.first_landed_at, c.last_landed_at,
  c.complete_through,
  greatest(0, date_diff('hour', time_bucket(interval '1' hour, $from), c.ends_at)) - coalesce(h.hours, 0) as hours_without_record,
  case
    when c.complete_through is null then 'cannot be known here'
    when c.complete_through < $to then 'incomplete here'
    when c.is_live then 'complete'
    else 'cannot be known here'
  end as verdict,
  case
    when c.complete_through is null then 'No source says how far this is landed.'
    when c.complete_through < $to then 'Landed up to a time before the end of the period.'
    when c.is_live then 'A live source pulled it up to the end of the period.'
    else 'It came as files: nothing says that all were handed over.'
  end as note
from covered c
left join heard h on h.source = c.source and h.owner_id = c.owner_id and h.stream_part is not distinct from c.stream_part
order by c.source, c.owner_id, c.stream_part nulls first
