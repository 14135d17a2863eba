/*---
id: settle_copies
title: Where the copies and the addenda of unsettled records lie
description: |
  For the keys of `stage_settle`: the staged row, every further copy, and every addendum that names the record.
---*/
create or replace temp table settle_copies as
with keys as (select distinct account_id, event_id from stage_settle),

hashes as (select event_id_hash(event_id) as event_id_hash from keys),

rows_staged as (
  select account_id, event_id, event_at, batch_seq, member, record_number, content_hash
  from stage_events
  where event_id_hash in (select event_id_hash from hashes)
  union all
  select account_id, event_id, event_at, batch_seq, member, record_number, content_hash
  from stg_events
  where event_id_hash in (select event_id_hash from hashes)
)

select 'row' as place, r.account_id, r.event_id, r.event_at, r.batch_seq, r.member, r.record_number, r.content_hash
from rows_staged r
semi join keys k on k.account_id = r.account_id and k.event_id = r.event_id
union all
select 'copy', c.account_id, c.event_id, c.event_at, c.batch_seq, c.member, c.record_number, null
from (select * from stg_event_copies union all select * from stage_copies) c
semi join keys k on k.account_id = c.account_id and k.event_id = c.event_id
union all
select 'addendum', a.account_id, a.original_event_id, a.event_at, a.batch_seq, a.member, a.record_number, null
from stg_addenda a
semi join keys k on k.account_id = a.account_id and k.event_id = a.original_event_id;
