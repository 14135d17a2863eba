/*---
id: rpt_completeness_silent_hours
title: Hours without a record, by stream
description: |
  The stretches behind the silent hours: whole clock hours (UTC) of the period, up to where the source is complete, in which a stream has no record. A quiet
  time and a loss look alike here; what tells them apart is a chain (digests, version numbers) or a count by the source.
params: { from: timestamptz, to: timestamptz }
controls: [soc2:PI1.4, iso27001:A.8.15]
---*/
with records as (
  select 'cloudtrail' as source, account_id as owner_id, aws_region as stream_part, event_at as recorded_at from stg_events
  union all
  select 'ecs_events', account_id, coalesce(aws_region, '') || ' ' || coalesce(split_part(cluster_arn, '/', 2), ''), event_at from stg_task_events
  union all
  select 'ecs_events', account_id, coalesce(aws_region, '') || ' ' || coalesce(split_part(cluster_arn, '/', 2), ''), event_at from stg_ecs_events
  union all
  select 'sign_ins', tenant_id, sign_in_kind, created_at from cor_sign_ins
),

sources as (select source, tenant_id, sign_in_kind, complete_through from stg_sources),

hours as (select distinct source, owner_id, stream_part, time_bucket(interval '1' hour, recorded_at) as hour from records),

streams as (
  select
    h.source, h.owner_id, h.stream_part,
    time_bucket(interval '1' hour, case when c.complete_through < $to then c.complete_through else $to end) as ends_at
  from (select distinct source, owner_id, stream_part from hours) h
  inner join sources c
    on c.source = h.source and (c.tenant_id is null or c.tenant_id = h.owner_id) and (c.sign_in_kind is null or c.sign_in_kind = h.stream_part)
  where c.complete_through is not null
),

-- Each silence ends with an hour that has a record, or where the source ends.
points as (
  select h.source, h.owner_id, h.stream_part, h.hour
  from hours h
  inner join streams s on s.source = h.source and s.owner_id = h.owner_id and s.stream_part is not distinct from h.stream_part
  where h.hour >= time_bucket(interval '1' hour, $from) and h.hour < s.ends_at
  union all
  select source, owner_id, stream_part, time_bucket(interval '1' hour, $from) - interval '1' hour from streams
  union all
  select source, owner_id, stream_part, ends_at from streams
),

stretches as (
  select
    source, owner_id, stream_part, hour as silent_to,
    lag(hour) over (partition by source, owner_id, stream_part order by hour) + interval '1' hour as silent_from
  from points
)

select silent_from, silent_to, date_diff('hour', silent_from, silent_to) * 1.0 as silent_hours, source, owner_id, stream_part
from stretches
where silent_to > silent_from
order by source, owner_id, stream_part nulls first, silent_from
