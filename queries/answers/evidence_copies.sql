/*---
id: evidence_copies
title: Where the copies of many records lie in landing
description: |
  For each record asked for, its copies of the best source (RULINGS 20). The three lists are of equal length, one place a
  record; `from` and `to` span the times of the CloudTrail records among them, so that no more is read than need be.
params: { sources: 'varchar[]', owner_ids: 'varchar[]', record_ids: 'varchar[]', from: timestamptz, to: timestamptz }
---*/
with wanted as (
  select distinct source, owner_id, record_id
  from (select unnest($sources) as source, unnest($owner_ids) as owner_id, unnest($record_ids) as record_id)
),

copies as (
  select
    'cloudtrail' as source, account_id as owner_id, event_id as record_id, source_rank as rank, batch_seq, member,
    record_number, record_sha256
  from stg_events
  where event_at >= $from and event_at <= $to
  union all
  select 'cloudtrail', account_id, event_id, source_rank, batch_seq, member, record_number, record_sha256
  from stg_event_copies
  union all
  select 'ecs_events', account_id, event_id, source_rank, batch_seq, member, record_number, record_sha256
  from stg_task_events
  union all
  select 'application_logs', coalesce(account_id, ''), event_id, 0, batch_seq, member, record_number, record_sha256
  from stg_application_logs
  union all
  select 'sign_ins', tenant_id, sign_in_id, 0, batch_seq, member, record_number, record_sha256
  from cor_sign_ins
  union all
  select 'directory_audits', tenant_id, audit_id, 0, batch_seq, member, record_number, record_sha256
  from stg_directory_audits
  union all
  select 'directory', tenant_id, page_id, 0, batch_seq, member, record_number, record_sha256
  from stg_group_pages
  union all
  select
    'identity_registry', tenant_id, issuer || ' ' || audience || ' ' || subject, -batch_seq, batch_seq, 0, record_number,
    record_sha256
  from stg_identity_registry
),

ranked as (
  select
    w.source, w.owner_id, w.record_id, c.batch_seq, c.member, c.record_number, c.record_sha256,
    rank() over (partition by w.source, w.owner_id, w.record_id order by c.rank) as place
  from copies c
  inner join wanted w on w.source = c.source and w.owner_id = c.owner_id and w.record_id = c.record_id
)

select source, owner_id, record_id, batch_seq, member, record_number, record_sha256
from ranked
where place = 1
order by batch_seq, member, source, owner_id, record_id, record_number nulls last, record_sha256 nulls last
