/*---
id: dedupe_events
title: Further copies of CloudTrail records
description: |
  For the hashes of `dedupe_hashes`: of each record (account, event id, UTC day) one row stays and further copies go to
  `stage_copies`. Where their content differs, or an addendum amends the record, the record is settled at the end of
  the run from all of its copies (RULINGS 20), so that the order of arrival never decides. Counted as new is the copy
  that was landed first: so the counts don't depend on the order of staging either, and a rebuild gives the same.
---*/
create or replace temp table dedupe_rows as
with incoming as (
  select
    true as is_incoming, account_id, event_id, event_at, source_rank, batch_seq, member, record_number, record_sha256, content_hash
  from cloudtrail_chunk
  where reject_reason is null and not is_set_aside and not is_addendum
    and event_id_hash in (select event_id_hash from dedupe_hashes)
),

waiting as (
  select
    false as is_incoming, account_id, event_id, event_at, source_rank, batch_seq, member, record_number, record_sha256, content_hash
  from stage_events
  where event_id_hash in (select event_id_hash from dedupe_hashes)
),

stored as (
  select
    false as is_incoming, account_id, event_id, event_at, source_rank, batch_seq, member, record_number, record_sha256, content_hash
  from stored_events
  where event_id_hash in (select event_id_hash from dedupe_hashes)
)

select *, event_at::date as event_day
from (select * from incoming union all select * from waiting union all select * from stored);

create or replace temp table dedupe_keys as
select
  account_id, event_id, event_day,
  bool_or(not is_incoming) as is_known,
  count(distinct content_hash) > 1 as has_conflict,
  arg_min(
    {batch_seq: batch_seq, member: member, record_number: record_number, source_rank: source_rank},
    (batch_seq, member, record_number)
  ) filter (where is_incoming) as first_incoming
from dedupe_rows
group by account_id, event_id, event_day
having count(*) > 1 and bool_or(is_incoming);

insert into dedupe_dropped
select r.batch_seq, r.member, r.record_number
from dedupe_rows r
join dedupe_keys k on k.account_id = r.account_id and k.event_id = r.event_id and k.event_day = r.event_day
where r.is_incoming
  and (k.is_known or (r.batch_seq, r.member, r.record_number)
    is distinct from (k.first_incoming.batch_seq, k.first_incoming.member, k.first_incoming.record_number));

-- An incoming copy that was landed before all that are known (objects are staged before what is framed): it takes the place
-- of theirs in the counts. Those of earlier runs were landed before.
insert into stage_counts
with known as (
  select account_id, event_id, event_day, source_rank, batch_seq, member, record_number
  from dedupe_rows
  where not is_incoming
  union all
  select account_id, event_id, event_at::date, source_rank, batch_seq, member, record_number
  from stage_copies
  where event_id in (select event_id from dedupe_keys where is_known)
),

first_known as (
  select
    account_id, event_id, event_day,
    arg_min(
      {batch_seq: batch_seq, member: member, record_number: record_number, source_rank: source_rank},
      (batch_seq, member, record_number)
    ) as place
  from known
  group by account_id, event_id, event_day
),

swapped as (
  select k.first_incoming as first_place, f.place as second_place
  from dedupe_keys as k
  join first_known as f on f.account_id = k.account_id and f.event_id = k.event_id and f.event_day = k.event_day
  where k.is_known
    and (k.first_incoming.batch_seq, k.first_incoming.member, k.first_incoming.record_number)
      < (f.place.batch_seq, f.place.member, f.place.record_number)
)

select first_place.batch_seq, first_place.member, form_of_rank(first_place.source_rank), 0, count(*), -count(*), 0, 0
from swapped
group by all
union all
select second_place.batch_seq, second_place.member, form_of_rank(second_place.source_rank), 0, -count(*), count(*), 0, 0
from swapped
group by all;

insert into stage_copies
select r.account_id, r.event_id, r.event_at, r.source_rank, r.batch_seq, r.member, r.record_number, r.record_sha256
from dedupe_rows r
semi join dedupe_dropped d on d.batch_seq = r.batch_seq and d.member = r.member and d.record_number = r.record_number
where r.is_incoming;

insert into stage_settle
select distinct account_id, event_id from dedupe_keys where has_conflict
union
select distinct r.account_id, r.event_id
from dedupe_rows r
semi join stg_addenda a on a.account_id = r.account_id and a.original_event_id = r.event_id
where r.is_incoming;
