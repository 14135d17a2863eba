/*---
id: address_actions
title: The calls from an address
description: Every landed call, denied ones too, newest first (RULINGS 23).
params:
  address: { type: text, description: "IP address, lower case" }
  from_at: { type: timestamp, description: "At or after this instant" }
  to_at: { type: timestamp, description: "Before this instant" }
  row_limit: { type: integer, description: "How many rows at most" }
---*/
with events as (
  select account_id, event_id, event_at, event_name, resource, error_code
  from stg_events
  where
    event_at >= $from_at::timestamptz and event_at < $to_at::timestamptz and source_ip in ($address, upper($address))
)

select event_id as id, event_at as "at", event_name as name, resource, account_id, error_code
from events
order by event_at desc, account_id, event_id
limit $row_limit
