/*---
id: dedupe_addenda
title: Records that amend others
description: |
  Every copy of an addendum is kept with its place in landing; a copy of one that is known counts as repeated. What they
  amend is settled at the end of the run.
---*/
insert into dedupe_dropped
with addenda as (
  select account_id, event_id, source_rank, batch_seq, member, record_number
  from cloudtrail_chunk
  where reject_reason is null and not is_set_aside and is_addendum
),

known as (select distinct account_id, event_id from stg_addenda),

numbered as (
  select
    *, row_number() over (partition by account_id, event_id order by source_rank, batch_seq, member, record_number) as copy_number
  from addenda
)

select batch_seq, member, record_number
from numbered
where copy_number > 1 or (account_id, event_id) in (select (account_id, event_id) from known);

insert into stage_settle
select distinct account_id, original_event_id
from cloudtrail_chunk
where reject_reason is null and not is_set_aside and is_addendum;

insert into stg_addenda
select
  account_id, event_id, event_at, addendum_reason as reason, original_event_id, updated_fields,
  batch_seq, member, record_number, record_sha256
from cloudtrail_chunk
where reject_reason is null and not is_set_aside and is_addendum;
