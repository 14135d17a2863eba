/*---
id: record_places
title: Where the records behind a report lie in landing
description: |
  Each record that a report names, in `bundle_wanted`, with the batches that hold a copy of the best source (RULINGS 20), in order of
  batch. Which of the copies is the evidence is told by its hash, when the batch is read.
---*/
with wanted as (select source, owner_id, record_id, sha256 from bundle_wanted),

copies as (
  select 'cloudtrail' as source, account_id as owner_id, event_id as record_id, source_rank as rank, batch_seq from stg_events
  union all
  select 'cloudtrail', account_id, event_id, source_rank, batch_seq from stg_event_copies
  union all
  select 'ecs_events', account_id, event_id, source_rank, batch_seq from stg_task_events
  union all
  select 'application_logs', coalesce(account_id, ''), event_id, 0, batch_seq from stg_application_logs
  union all
  select 'sign_ins', tenant_id, sign_in_id, 0, batch_seq from stg_sign_ins
  union all
  select 'directory_audits', tenant_id, audit_id, 0, batch_seq from stg_directory_audits
  union all
  select 'directory', tenant_id, page_id, 0, batch_seq from stg_group_pages
  union all
  select 'identity_registry', tenant_id, issuer || ' ' || audience || ' ' || subject, -batch_seq, batch_seq from stg_identity_registry
),

placed as (
  select
    w.source, w.owner_id, w.record_id, w.sha256, c.batch_seq,
    rank() over (partition by w.source, w.owner_id, w.record_id order by c.rank) as place
  from wanted w
  inner join copies c on c.source = w.source and c.owner_id = w.owner_id and c.record_id = w.record_id
)

select distinct batch_seq, source, owner_id, record_id, sha256
from placed
where place = 1
order by batch_seq, source, owner_id, record_id, sha256
