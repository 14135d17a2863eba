/*---
id: settle_apply
title: Settled records, into the staged tables
description: |
  Records whose content is what is staged already are dropped from the chunk; the others are taken out of every table, to
  be put in again by `cloudtrail_keep`. Parquet files that hold them are written anew by the program.
---*/
insert into dedupe_dropped
select chunk.batch_seq, chunk.member, chunk.record_number
from cloudtrail_chunk as chunk
semi join settle_copies as staged
  on staged.place = 'row' and staged.account_id = chunk.account_id and staged.event_id = chunk.event_id
  and staged.event_at::date = chunk.event_at::date and staged.content_hash = chunk.content_hash;

delete from cloudtrail_chunk as chunk
using dedupe_dropped as dropped
where chunk.batch_seq = dropped.batch_seq and chunk.member = dropped.member and chunk.record_number = dropped.record_number;

delete from dedupe_dropped;

update cloudtrail_chunk as chunk
set source_rank = 9
from settle_evidence as amended
where amended.account_id = chunk.account_id and amended.event_id = chunk.event_id and amended.event_day = chunk.event_at::date;

create or replace temp table settle_replaced as
select account_id, event_id, event_at::date as event_day, event_id_hash, event_at
from cloudtrail_chunk
where reject_reason is null and not is_set_aside and not is_addendum;

-- The row that is replaced becomes a copy, unless it lies where an addendum does.
insert into stage_copies
select staged.account_id, staged.event_id, staged.event_at, framed_copy.source_rank, staged.batch_seq, staged.member, staged.record_number,
  framed_copy.record_sha256
from settle_copies as staged
join settle_framed as framed_copy
  on framed_copy.place = 'row' and framed_copy.batch_seq = staged.batch_seq and framed_copy.member = staged.member
  and framed_copy.record_number = staged.record_number
semi join settle_replaced as replaced
  on replaced.account_id = staged.account_id and replaced.event_id = staged.event_id and replaced.event_day = staged.event_at::date
anti join settle_evidence as evidence
  on evidence.batch_seq = staged.batch_seq and evidence.member = staged.member and evidence.record_number = staged.record_number
anti join settle_copies as addenda
  on addenda.place = 'addendum' and addenda.batch_seq = staged.batch_seq and addenda.member = staged.member
  and addenda.record_number = staged.record_number
anti join (select * from stg_event_copies union all select * from stage_copies) as known
  on known.account_id = staged.account_id and known.event_id = staged.event_id and known.batch_seq = staged.batch_seq
  and known.member = staged.member and known.record_number = staged.record_number
where staged.place = 'row';

insert into stage_copies
select evidence.account_id, evidence.event_id, replaced.event_at, evidence.source_rank, evidence.batch_seq, evidence.member,
  evidence.record_number, evidence.record_sha256
from settle_evidence as evidence
join settle_replaced as replaced
  on replaced.account_id = evidence.account_id and replaced.event_id = evidence.event_id and replaced.event_day = evidence.event_day
anti join (select * from stg_event_copies union all select * from stage_copies) as known
  on known.account_id = evidence.account_id and known.event_id = evidence.event_id and known.batch_seq = evidence.batch_seq
  and known.member = evidence.member and known.record_number = evidence.record_number;

delete from stage_events as t using settle_replaced as r
where t.account_id = r.account_id and t.event_id = r.event_id and t.event_at::date = r.event_day;
delete from stg_sts_requests as t using settle_replaced as r
where t.account_id = r.account_id and t.event_id = r.event_id and t.event_at::date = r.event_day;
delete from stg_ecs_actions as t using settle_replaced as r
where t.account_id = r.account_id and t.event_id = r.event_id and t.event_at::date = r.event_day;
delete from stg_ssm_sessions as t using settle_replaced as r
where t.account_id = r.account_id and t.event_id = r.event_id and t.event_at::date = r.event_day;
delete from stg_task_launches as t using settle_replaced as r
where t.account_id = r.account_id and t.event_id = r.event_id and t.event_at::date = r.event_day;
delete from stg_configurers as t using settle_replaced as r
where t.account_id = r.account_id and t.event_id = r.event_id and t.event_at::date = r.event_day;
