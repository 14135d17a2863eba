/*---
id: stage_finish
title: Deliveries and sources, at the end of a run of staging
description: |
  One row a batch member and form in `stg_deliveries`. `stg_sources` says how far each source is landed: from files, through
  the latest event time (ATTRIBUTION 4) that is not later than the landing itself: one record dated ahead must not make every
  absence a true one. `records` counts distinct records. Variable: landed_through.
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
with cloudtrail as (
  select 'cloudtrail' as source, null::varchar as tenant_id, null::varchar as sign_in_kind, first_at, complete_through, records
  from stg_sources
  where source = 'cloudtrail'
  union all
  select 'cloudtrail', null, null, min(first_at), max(last_at) filter (where last_at <= getvariable('landed_through')), 0 from stage_reach
  union all
  select 'cloudtrail', null, null, null, null, coalesce(sum(records_new), 0) from stage_counts where starts_with(form, 'cloudtrail_')
),

ecs_rows as (
  select event_at from stg_task_events
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
)

select source, tenant_id, sign_in_kind, min(first_at) as first_at, max(complete_through) as complete_through, sum(records)::bigint as records
from all_rows
group by source, tenant_id, sign_in_kind
having sum(records) > 0;

delete from stg_sources;
insert into stg_sources
select source, tenant_id, sign_in_kind, first_at, complete_through, records
from sources_now
order by source, tenant_id, sign_in_kind;
