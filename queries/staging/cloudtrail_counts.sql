/*---
id: cloudtrail_counts
title: What the chunk held
description: One row a batch member and form; rejects with their reason.
---*/
insert into stage_counts
select
  chunk.batch_seq, chunk.member, chunk.form,
  count(*) as records_read,
  count(*) filter (where chunk.reject_reason is null and not chunk.is_set_aside and dropped.batch_seq is null) as records_new,
  count(*) filter (where chunk.reject_reason is null and not chunk.is_set_aside and dropped.batch_seq is not null) as records_repeated,
  count(*) filter (where chunk.reject_reason is not null) as records_rejected,
  count(*) filter (where chunk.is_set_aside) as records_set_aside
from cloudtrail_chunk as chunk
left join dedupe_dropped as dropped
  on chunk.batch_seq = dropped.batch_seq and chunk.member = dropped.member and chunk.record_number = dropped.record_number
group by chunk.batch_seq, chunk.member, chunk.form;

insert into stg_rejects
select chunk.batch_seq, chunk.member, members.origin, chunk.record_number, chunk.form, chunk.reject_reason as reason
from cloudtrail_chunk as chunk
join stage_members as members on members.batch_seq = chunk.batch_seq and members.member = chunk.member
where chunk.reject_reason is not null;

-- By the hour, so that a record from the future can be left out at the end (stage_finish). What `ask --live` fetched for a
-- question (src/sources/live.ts) is not all that happened then, and reaches nowhere.
insert into stage_reach
select min(chunk.event_at), max(chunk.event_at)
from cloudtrail_chunk as chunk
join stage_members as members on members.batch_seq = chunk.batch_seq and members.member = chunk.member
where
  chunk.reject_reason is null and not chunk.is_set_aside and not chunk.is_addendum
  and not starts_with(members.origin, 'ask --live: ')
group by date_trunc('hour', chunk.event_at);
