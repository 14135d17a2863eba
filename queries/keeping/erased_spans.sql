/*---
id: erased_spans
title: From when to when are the records that are to be erased
description: |
  As batch_spans, of the records in `erased_places` alone. Before the last of them a source is not complete any more: that somebody's sign-in is
  not there says nothing. Table: erased_places (batch_seq, member, record_number).
---*/
with rows_of_records as (
  select batch_seq, member, record_number, 'cloudtrail' as source, null::varchar as tenant_id, null::varchar as sign_in_kind, account_id, event_at as record_at from stg_events
  union all
  select batch_seq, member, record_number, 'cloudtrail', null, null, account_id, event_at from stg_event_copies where event_at is not null
  union all
  select batch_seq, member, record_number, 'ecs_events', null, null, account_id, event_at from stg_task_events
  union all
  select batch_seq, member, record_number, 'ecs_events', null, null, account_id, event_at from stg_ecs_events
  union all
  select batch_seq, member, record_number, 'application_logs', null, null, account_id, event_at from stg_application_logs
  union all
  select batch_seq, member, record_number, 'sign_ins', tenant_id, sign_in_kind, null, created_at from stg_sign_ins
  union all
  select batch_seq, member, record_number, 'directory_audits', tenant_id, null, null, activity_at from stg_directory_audits
),

erased as (select batch_seq, member, record_number from erased_places)

select
  r.batch_seq, r.source, r.tenant_id, r.sign_in_kind, r.account_id, count(*) as records,
  strftime(min(r.record_at) at time zone 'UTC', '%Y-%m-%dT%H:%M:%S.%fZ') as first_at,
  strftime(max(r.record_at) at time zone 'UTC', '%Y-%m-%dT%H:%M:%S.%fZ') as last_at
from rows_of_records as r
inner join erased as e on e.batch_seq = r.batch_seq and e.member = r.member and e.record_number = r.record_number
group by r.batch_seq, r.source, r.tenant_id, r.sign_in_kind, r.account_id
order by r.batch_seq, r.source, r.tenant_id, r.sign_in_kind, r.account_id
