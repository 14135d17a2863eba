/*---
id: stage_finish
title: Deliveries and sources, at the end of a run of staging
description: |
  One row a batch member and form in `stg_deliveries`. `stg_sources` says how far each source is landed: from files, through
  the latest event time (ATTRIBUTION 4) that is not later than the landing itself: one record dated ahead must not make every
  absence a true one. Where live sources cover it, through what they say, and from where their pulls began: of one account
  and region, the source that reaches farthest counts; of all of them, the one that lags most. `records` counts distinct records.
  Where retention or an erasure took records of a source from landing, it begins after the last of them: what is kept no more is never
  taken for what was never there. Variable: landed_through. Tables: live_streams, removed_spans.
---*/
insert into stg_deliveries
select
  counts.batch_seq, counts.member, members.origin, counts.form,
  sum(counts.records_read)::bigint, sum(counts.records_new)::bigint, sum(counts.records_repeated)::bigint,
  sum(counts.records_rejected)::bigint, sum(counts.records_set_aside)::bigint
from stage_counts as counts
join stage_members as members on members.batch_seq = counts.batch_seq and members.member = counts.member
group by counts.batch_seq, counts.member, members.origin, counts.form
order by counts.batch_seq, counts.member, counts.form;

create or replace temp table sources_now as
with live_scopes as (
  select source, tenant_id, sign_in_kind, account_id, region, min(since) as since, max(complete_through) as complete_through
  from live_streams
  group by source, tenant_id, sign_in_kind, account_id, region
),

live as (
  select
    source, tenant_id, sign_in_kind, max(since) as first_at,
    -- One that never ended a step leaves all of it open.
    case when count(*) = count(complete_through) then min(complete_through) end as complete_through
  from live_scopes
  group by source, tenant_id, sign_in_kind
),

cloudtrail as (
  select 'cloudtrail' as source, null::varchar as tenant_id, null::varchar as sign_in_kind, first_at, complete_through, records
  from stg_sources
  where source = 'cloudtrail'
  union all
  select 'cloudtrail', null, null, min(first_at), max(last_at) filter (where last_at <= getvariable('landed_through')), 0 from stage_reach
  union all
  select 'cloudtrail', null, null, null, null, coalesce(sum(records_new), 0) from stage_counts where starts_with(form, 'cloudtrail_')
),

ecs_rows as (
  -- A task that was asked about says nothing of the events between.
  select event_at from stg_task_events where source_rank <> 4
  union all
  select event_at from stg_ecs_events
),

all_rows as (
  select * from cloudtrail
  union all
  select 'ecs_events', null, null, min(event_at), max(event_at) filter (where event_at <= getvariable('landed_through')), count(*)
  from ecs_rows
  union all
  select
    'sign_ins', tenant_id, sign_in_kind, min(created_at), max(created_at) filter (where created_at <= getvariable('landed_through')),
    count(distinct sign_in_id)
  from stg_sign_ins
  group by tenant_id, sign_in_kind
),

removed as (
  select source, tenant_id, sign_in_kind, max(last_at) as removed_through
  from removed_spans
  group by source, tenant_id, sign_in_kind
),

landed as (
  select source, tenant_id, sign_in_kind, min(first_at) as first_at, max(complete_through) as complete_through, sum(records)::bigint as records
  from all_rows
  group by source, tenant_id, sign_in_kind
  having sum(records) > 0
),

known as (
  select
    coalesce(live.source, landed.source) as source,
    coalesce(live.tenant_id, landed.tenant_id) as tenant_id,
    coalesce(live.sign_in_kind, landed.sign_in_kind) as sign_in_kind,
    least(live.first_at, landed.first_at) as first_at,
    case when live.source is null then landed.complete_through else live.complete_through end as complete_through,
    coalesce(landed.records, 0) as records
  from landed
  full join live
    on live.source = landed.source
    and live.tenant_id is not distinct from landed.tenant_id
    and live.sign_in_kind is not distinct from landed.sign_in_kind
)

select
  known.source, known.tenant_id, known.sign_in_kind,
  case
    when removed.removed_through is null or removed.removed_through < known.first_at then known.first_at
    else removed.removed_through + interval 1 microsecond
  end as first_at,
  known.complete_through, known.records
from known
left join removed
  on removed.source = known.source
  and removed.tenant_id is not distinct from known.tenant_id
  and removed.sign_in_kind is not distinct from known.sign_in_kind;

delete from stg_sources;
insert into stg_sources
select source, tenant_id, sign_in_kind, first_at, complete_through, records
from sources_now
order by source, tenant_id, sign_in_kind;
