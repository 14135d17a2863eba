/*---
id: batch_classes
title: Which classes of records each batch was delivered with
description: |
  One row a batch and class, as retention is configured by them. `state`: the newest copy of what is not delivered again while it stays the
  same (directory snapshots, the registry). `proof`: CloudTrail's digests and their keys. `unread`: records of no form that is read.
---*/
with deliveries as (select batch_seq, form, records_read from stg_deliveries),

classed as (
  select
    batch_seq, records_read,
    case
      when form in ('cloudtrail_digest', 'cloudtrail_public_keys') then 'proof'
      when starts_with(form, 'cloudtrail_') then 'cloudtrail'
      when form in ('ecs_events', 'ecs_describe_tasks') then 'ecs_events'
      when form = 'application_log' then 'application_logs'
      when ends_with(form, '_sign_ins') then 'sign_ins'
      when ends_with(form, '_directory_audits') then 'directory_audits'
      when form in ('unknown', 'erased') then 'unread'
      else 'state'
    end as class
  from deliveries
)

select batch_seq, class, sum(records_read)::bigint as records
from classed
group by batch_seq, class
order by batch_seq, class
