/*---
id: record_copies
title: Where the copies of one CloudTrail record lie in landing
description: Every copy, the best source first (RULINGS 20); where the SHA-256 isn't staged, it is taken from the landed bytes.
params:
  account_id: { type: text, default: null, description: "Account, or null for any" }
  event_id: { type: text, description: "Event id, lower case where it is a GUID" }
  at: { type: timestamp, description: "When the record says it happened" }
---*/
with events as (
  select source_rank, batch_seq, member, record_number, record_sha256
  from stg_events
  where
    event_at >= $at::timestamptz and event_at < $at::timestamptz + interval 1 millisecond
    and event_id = $event_id and account_id = $account_id
),

copies as (
  select source_rank, batch_seq, member, record_number, record_sha256
  from stg_event_copies
  where event_id = $event_id and account_id = $account_id
),

both_kinds as (select * from events union select * from copies)

select source_rank, batch_seq, member, record_number, record_sha256
from both_kinds
order by source_rank, record_sha256 nulls last, batch_seq, member
