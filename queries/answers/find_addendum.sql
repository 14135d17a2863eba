/*---
id: find_addendum
title: The record that an addendum amends
description: An addendum's own event id means the record that it names (RULINGS 4).
params:
  event_id: { type: text, description: "Event id of the addendum, exactly" }
---*/
with addenda as (select event_id, original_event_id from stg_addenda)

select original_event_id
from addenda
where event_id = $event_id and original_event_id is not null
order by original_event_id
