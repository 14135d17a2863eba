/*---
id: find_event
title: When events with an id's hash happened
description: |
  Reads no column but the hash and the time, so that a search through everything stays short; the records themselves are
  looked up by these times. Another id may share the hash.
params:
  event_id: { type: text, description: "Event id, exactly" }
---*/
with events as (select event_id_hash, event_at from stg_events)

select distinct event_at
from events
where event_id_hash = event_id_hash($event_id)
order by event_at
