/*---
id: record_near
title: One CloudTrail record whose time is known to the millisecond only
description: Times are kept to the microsecond and told to the millisecond; for the rare record whose time has more digits.
params:
  account_id: { type: text, description: "Account that holds the record" }
  event_id: { type: text, description: "Its event id" }
  at: { type: timestamp, description: "When it happened, to the millisecond" }
---*/
with events as (select * from stg_events)

select
  account_id, event_id, event_at, event_source, event_name, aws_region, source_ip, user_agent, error_code, resource, caller_key,
  source_rank, batch_seq, member, record_number, record_sha256
from events
where
  event_at > $at::timestamptz and event_at < $at::timestamptz + interval 1 millisecond
  and event_id = $event_id and account_id = $account_id
order by account_id, event_id
