/*---
id: address_calls
title: How many calls came from an address, and since when the newest of them
description: Reads no column but the address and the time. The newest `row_limit` calls lie at or after `newest_from`.
params:
  address: { type: text, description: "IP address, lower case" }
  from_at: { type: timestamp, default: null, description: "At or after this instant" }
  to_at: { type: timestamp, default: null, description: "Before this instant" }
  row_limit: { type: integer, description: "How many calls" }
---*/
with calls as materialized (
  select event_at
  from stg_events
  where
    source_ip in ($address, upper($address))
    and ($from_at::timestamptz is null or event_at >= $from_at::timestamptz)
    and ($to_at::timestamptz is null or event_at < $to_at::timestamptz)
),

newest as (select event_at from calls order by event_at desc limit $row_limit)

select
  (select count(*) from calls) as calls,
  (select min(event_at) from newest) as newest_from,
  (select max(event_at) from newest) as newest_to
order by calls
