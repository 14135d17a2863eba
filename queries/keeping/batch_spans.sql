/*---
id: batch_spans
title: What each batch holds, from when to when
description: |
  One row a batch, class of records and scope, further copies included: what retention goes by, and what stands in the log of removals.
  Only records that have a time; states (directory snapshots, the registry) have none that ages.
---*/
with rows_of_batches as (
  select batch_seq, 'cloudtrail' as source, null::varchar as tenant_id, null::varchar as sign_in_kind, account_id, event_at as record_at from stg_events
  union all
  select batch_seq, 'cloudtrail', null, null, account_id, event_at from stg_event_copies where event_at is not null
  union all
  select batch_seq, 'ecs_events', null, null, account_id, event_at from stg_task_events
  union all
  select batch_seq, 'ecs_events', null, null, account_id, event_at from stg_ecs_events
  union all
  select batch_seq, 'application_logs', null, null, account_id, event_at from stg_application_logs
  union all
  select batch_seq, 'sign_ins', tenant_id, sign_in_kind, null, created_at from stg_sign_ins
  union all
  select batch_seq, 'directory_audits', tenant_id, null, null, activity_at from stg_directory_audits
)

select
  batch_seq, source, tenant_id, sign_in_kind, account_id, count(*) as records,
  strftime(min(record_at) at time zone 'UTC', '%Y-%m-%dT%H:%M:%S.%fZ') as first_at,
  strftime(max(record_at) at time zone 'UTC', '%Y-%m-%dT%H:%M:%S.%fZ') as last_at
from rows_of_batches
group by batch_seq, source, tenant_id, sign_in_kind, account_id
order by batch_seq, source, tenant_id, sign_in_kind, account_id
