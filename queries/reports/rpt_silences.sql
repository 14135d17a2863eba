/*---
id: rpt_silences
title: Silent stretches
description: |
  Stretches of 24 hours or more in the period without one record of a source. A gap in delivery looks like this, and so does
  a quiet weekend: the report cannot tell them apart. What lies after a source's completeness is not listed; it is not yet
  delivered.
key: [silent_from, source, owner_id, sign_in_kind]
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

points as (
  select source, owner_id, sign_in_kind, first_at, records, hour_first_at, hour_last_at
  from streams
  union all
  select distinct
    source, owner_id, sign_in_kind, first_at, 0 as records,
    case when complete_through < $to then complete_through else $to end as hour_first_at,
    case when complete_through < $to then complete_through else $to end as hour_last_at
  from streams
),

stretches as (
  select
    source, owner_id, sign_in_kind, first_at, hour_first_at as silent_to,
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
  silent_from, silent_to, date_diff('second', silent_from, silent_to) / 3600.0 as silent_hours,
  source, owner_id, sign_in_kind,
  case when first_at >= silent_to then 'before the first record of this source' else 'no record' end as what
from stretches
where date_diff('second', silent_from, silent_to) >= 24 * 3600
order by silent_from, source, owner_id nulls first, sign_in_kind nulls first, silent_to
