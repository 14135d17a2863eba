/*---
id: rpt_sources
title: How far each source is landed
description: |
  How far each source is landed, and what it holds of the period. Complete through: the time up to which it has delivered
  everything; for logs that came as files, the latest time in them. Longest silence: the longest stretch of the period, up
  to that time, without one record; a log that is used seldom is silent often.
key: [source, owner_id, sign_in_kind]
params: { from: timestamptz, to: timestamptz }
controls: [soc2:PI1.4, iso27001:A.8.15]
---*/
with sources as (select source, tenant_id, sign_in_kind, first_at, complete_through from stg_sources),

records as (
  select 'cloudtrail' as source, account_id as owner_id, cast(null as varchar) as sign_in_kind, event_at as recorded_at
  from stg_events
  where event_at >= $from and event_at < $to
  union all
  select 'ecs_events', account_id, null, event_at from stg_task_events where event_at >= $from and event_at < $to
  union all
  select 'ecs_events', account_id, null, event_at from stg_ecs_events where event_at >= $from and event_at < $to
  union all
  select 'sign_ins', tenant_id, sign_in_kind, created_at from cor_sign_ins where created_at >= $from and created_at < $to
),

by_hour as (
  select
    source, owner_id, sign_in_kind, date_trunc('hour', recorded_at) as hour,
    count(*) as records, min(recorded_at) as first_at, max(recorded_at) as last_at
  from records
  group by source, owner_id, sign_in_kind, date_trunc('hour', recorded_at)
),

streams as (
  select
    s.source, coalesce(h.owner_id, s.tenant_id) as owner_id, s.sign_in_kind, s.first_at, s.complete_through,
    h.records, h.first_at as hour_first_at, h.last_at as hour_last_at
  from sources s
  left join by_hour h
    on h.source = s.source
    and (s.tenant_id is null or h.owner_id = s.tenant_id)
    and (s.sign_in_kind is null or h.sign_in_kind = s.sign_in_kind)
),

-- Each stretch of silence ends with a record, or with the end of what can be known.
points as (
  select source, owner_id, sign_in_kind, first_at, complete_through, records, hour_first_at, hour_last_at
  from streams
  union all
  select distinct
    source, owner_id, sign_in_kind, first_at, complete_through, 0 as records,
    case when complete_through < $to then complete_through else $to end as hour_first_at,
    case when complete_through < $to then complete_through else $to end as hour_last_at
  from streams
),

stretches as (
  select
    source, owner_id, sign_in_kind, first_at, complete_through, records, hour_first_at, hour_last_at,
    coalesce(
      lag(hour_last_at) over (
        partition by source, owner_id, sign_in_kind order by hour_first_at, hour_last_at, records desc
      ),
      $from
    ) as silent_from
  from points
  where hour_first_at is not null
)

select
  source, owner_id, sign_in_kind,
  cast(coalesce(sum(records), 0) as bigint) as records,
  min(hour_first_at) filter (where records > 0) as first_in_period_at,
  max(hour_last_at) filter (where records > 0) as last_in_period_at,
  max(case when hour_first_at > silent_from then date_diff('second', silent_from, hour_first_at) else 0 end) / 3600.0 as silent_hours,
  first_at as first_landed_at, complete_through,
  case
    when complete_through is null then 'nothing landed'
    when complete_through < $from then 'ends before the period'
    when complete_through < $to and first_at > $from then 'begins late, ends early'
    when complete_through < $to then 'ends early'
    when first_at > $from then 'begins late'
    else 'whole period'
  end as covers
from stretches
group by source, owner_id, sign_in_kind, first_at, complete_through
order by source, owner_id nulls first, sign_in_kind nulls first
