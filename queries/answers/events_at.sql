/*---
id: events_at
title: The CloudTrail records with an event id at given times
description: The record with this id in each account that has one; the lower account first (RULINGS 3).
params:
  event_id: { type: text, description: "Event id, exactly" }
  account_id: { type: text, default: null, description: "Account, or null for any" }
  from_at: { type: timestamp, description: "At or after this instant" }
  to_at: { type: timestamp, description: "Before this instant" }
---*/
with events as (
  select
    account_id, event_id, event_at, event_source, event_name, aws_region, source_ip, user_agent, error_code, resource, caller_key
  from stg_events
  where event_at >= $from_at::timestamptz and event_at < $to_at::timestamptz and event_id = $event_id
)

select
  account_id, event_id, event_at, event_source, event_name, aws_region, source_ip, user_agent, error_code, resource, caller_key
from events
where $account_id is null or account_id = $account_id
order by account_id, event_id
