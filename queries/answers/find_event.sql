/*---
id: find_event
title: The CloudTrail records that an event id means
description: |
  The record with this id in each account that has one; an addendum's own id means the record that it amends (RULINGS 4).
params:
  event_id: { type: text, description: "Event id, lower case where it is a GUID" }
  typed: { type: text, description: "The id as it was typed" }
  account_id: { type: text, default: null, description: "Account, or null for any" }
---*/
with events as (select * from stg_events),

addenda as (
  select account_id, original_event_id
  from stg_addenda
  where event_id in ($event_id, $typed) and original_event_id is not null
),

wanted as (
  select $event_id as event_id
  union
  select $typed as event_id
  union
  select original_event_id as event_id from addenda
)

select
  e.account_id, e.event_id, e.event_at, e.event_source, e.event_name, e.aws_region, e.source_ip, e.user_agent,
  e.error_code, e.resource, e.caller_key
from events e
where e.event_id in (select event_id from wanted) and ($account_id is null or e.account_id = $account_id)
order by e.account_id, e.event_id
