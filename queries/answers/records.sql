/*---
id: records
title: The CloudTrail records of an answer, with all their copies
description: |
  What the records say, and where each copy lies in landing, the best source first (RULINGS 20). The three lists are of equal
  length, one place a record; the times, which other tables carry, keep the search short. A copy says nothing that its record
  does not.
params:
  account_ids: { type: text_list, description: "Accounts that hold the records" }
  event_ids: { type: text_list, description: "Their event ids" }
  ats: { type: text_list, description: "When they happened, RFC 3339" }
---*/
with wanted as (
  select unnest($account_ids) as account_id, unnest($event_ids) as event_id
),

times as (select distinct cast(unnest($ats) as timestamptz) as event_at),

events as (
  select
    account_id, event_id, event_at, event_source, event_name, aws_region, source_ip, user_agent, error_code, resource, caller_key,
    source_rank, batch_seq, member, record_number, record_sha256
  from stg_events
  where event_at in (select event_at from times)
),

copies as (
  select
    account_id, event_id, event_at, null as event_source, null as event_name, null as aws_region, null as source_ip,
    null as user_agent, null as error_code, null as resource, null as caller_key,
    source_rank, batch_seq, member, record_number, record_sha256
  from stg_event_copies
  where event_id in (select event_id from wanted)
),

both_kinds as (select * from events union all select * from copies)

select
  r.account_id, r.event_id, r.event_at, r.event_source, r.event_name, r.aws_region, r.source_ip, r.user_agent, r.error_code,
  r.resource, r.caller_key, r.source_rank, r.batch_seq, r.member, r.record_number, r.record_sha256
from both_kinds r
inner join wanted w on w.account_id = r.account_id and w.event_id = r.event_id
order by r.account_id, r.event_id, r.caller_key is null, r.source_rank, r.record_sha256 nulls last, r.batch_seq, r.member
