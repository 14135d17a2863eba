/*---
id: find_event
title: The CloudTrail records that have an event id
description: The record with this id in each account that has one; the lower account first (RULINGS 3).
params:
  event_id: { type: text, description: "Event id, exactly" }
  account_id: { type: text, default: null, description: "Account, or null for any" }
---*/
with events as (
  select
    account_id, event_id, event_at, event_source, event_name, aws_region, source_ip, user_agent, error_code, resource, caller_key
  from stg_events
  where event_id_hash = event_id_hash($event_id) and event_id = $event_id
)

select
  account_id, event_id, event_at, event_source, event_name, aws_region, source_ip, user_agent, error_code, resource, caller_key
from events
where $account_id is null or account_id = $account_id
order by account_id, event_id
