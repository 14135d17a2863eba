/*---
id: event
title: One CloudTrail record
description: The record with this key; the time, which the key's row elsewhere carries, keeps the search short.
params:
  account_id: { type: text, default: null, description: "Account, or null for any" }
  event_id: { type: text, description: "Event id, lower case where it is a GUID" }
  at: { type: timestamp, description: "When the record says it happened" }
---*/
with events as (select * from stg_events)

select
  account_id, event_id, event_at, event_source, event_name, aws_region, source_ip, user_agent, error_code, resource, caller_key
from events
where
  event_at >= $at::timestamptz and event_at < $at::timestamptz + interval 1 millisecond
  and event_id = $event_id and account_id = $account_id
order by account_id, event_id
