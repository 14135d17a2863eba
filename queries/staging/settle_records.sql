/*---
id: settle_records
title: What unsettled records say, from all of their copies
description: |
  RULINGS 20: of the copies of a record counts the one from the best source, then the one with the least SHA-256. Addenda
  amend it in (eventTime, eventID) order, each the best of its own copies; id, time and account stay those of the record.
  Reads `framed` (the landed bytes of every copy and addendum in `settle_copies`); leaves in `framed` one record each to
  stage, under the place in landing of what came last. That is an addendum's where one amends the record, and no copy of it:
  such a row has source rank 9, so that evidence is taken from the record's own copies (`settle_evidence`).
---*/
create or replace temp table settle_framed as
select distinct
  c.place, c.account_id, c.event_id, c.event_at, c.event_at::date as event_day,
  f.batch_seq, f.member, f.record_number, f.record_sha256, f.form, f.envelope, f.record,
  case f.form
    when 'cloudtrail_object' then 1
    when 'cloudtrail_logs' then 2
    when 'cloudtrail_eventbridge' then 3
    when 'cloudtrail_lookup' then 4
    else 5
  end::utinyint as source_rank
from settle_copies as c
join framed as f on f.batch_seq = c.batch_seq and f.member = c.member and f.record_number = c.record_number;

create or replace temp table settle_merged as
with own_copies as (
  -- A row that was amended before lies where its last addendum does.
  select copies.*
  from settle_framed as copies
  anti join settle_framed as addenda
    on addenda.place = 'addendum' and addenda.batch_seq = copies.batch_seq and addenda.member = copies.member
    and addenda.record_number = copies.record_number
  where copies.place <> 'addendum'
),

winners as (
  select
    account_id, event_id, event_day,
    arg_min(
      {batch_seq: batch_seq, member: member, record_number: record_number, record_sha256: record_sha256, source_rank: source_rank,
        form: form, envelope: envelope, record: record},
      (source_rank, record_sha256, batch_seq, member, record_number)
    ) as best
  from own_copies
  group by account_id, event_id, event_day
),

addenda as (
  select
    account_id, event_id,
    coalesce(record ->> '$.eventTime', record ->> '$."@timestamp"') as addendum_time, record ->> '$.eventID' as addendum_id,
    arg_min(
      {batch_seq: batch_seq, member: member, record_number: record_number, record_sha256: record_sha256, source_rank: source_rank,
        record: record},
      (source_rank, record_sha256, batch_seq, member, record_number)
    ) as best
  from settle_framed
  where place = 'addendum'
  group by account_id, event_id, addendum_time, addendum_id
),

amendments as (
  select
    account_id, event_id,
    list(best order by try_cast(addendum_time as timestamptz), addendum_id) as bests
  from addenda
  group by account_id, event_id
)

select
  w.account_id, w.event_id, w.event_day, w.best, coalesce(a.bests, []) as addenda,
  json_merge_patch(
    list_reduce(
      list_prepend(w.best.record, list_transform(coalesce(a.bests, []), lambda x: x.record)),
      lambda merged, patch: json_merge_patch(merged, patch)::json
    ),
    json_object(
      'eventID', w.best.record -> '$.eventID', 'eventTime', w.best.record -> '$.eventTime',
      '@timestamp', w.best.record -> '$."@timestamp"', 'recipientAccountId', w.best.record -> '$.recipientAccountId',
      'addendum', w.best.record -> '$.addendum')
  ) as record,
  -- What came last: incremental correlation looks for batches above the ones that it knows.
  list_reverse_sort(list_prepend(
    {batch_seq: w.best.batch_seq, member: w.best.member, record_number: w.best.record_number, record_sha256: w.best.record_sha256},
    list_transform(coalesce(a.bests, []), lambda x: {batch_seq: x.batch_seq, member: x.member, record_number: x.record_number, record_sha256: x.record_sha256})
  ))[1] as place
from winners as w
left join amendments as a on a.account_id = w.account_id and a.event_id = w.event_id;

create or replace temp table framed as
select
  best.form as form, place.batch_seq as batch_seq, place.member as member, place.record_number as record_number,
  place.record_sha256 as record_sha256, best.envelope as envelope, record, null::timestamptz as retrieved_at
from settle_merged;

-- The copy that an amended record is made from.
create or replace temp table settle_evidence as
select
  account_id, event_id, event_day, best.source_rank as source_rank, best.batch_seq as batch_seq, best.member as member,
  best.record_number as record_number, best.record_sha256 as record_sha256
from settle_merged
where len(addenda) > 0;
