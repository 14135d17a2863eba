/*---
id: rpt_completeness_pulls
title: Pulls of live sources
description: |
  Each stream of each live source: how often it was pulled, and the stretches of time between the windows asked for that nobody asked for. Empty
  where logs came as files alone.
controls: [soc2:PI1.4, iso27001:A.8.15]
---*/
with pulls as (
  select seq, pulled_at, source, stream, window_from, window_to, complete_through, delivered, landed, bytes from lnd_pulls
),

ordered as (
  select
    source, stream, window_from,
    max(window_to) over (
      partition by source, stream
      order by window_from, window_to, seq
      rows between unbounded preceding and 1 preceding
    ) as asked_to
  from pulls
  where window_from is not null and window_to is not null
),

holes as (
  select source, stream, count(*) as holes, sum(date_diff('second', asked_to, window_from)) / 3600.0 as hours_not_asked
  from ordered
  where window_from > asked_to
  group by source, stream
),

counted as (
  select
    source, stream, count(*) as pulls, min(pulled_at) as first_delivery_at, max(pulled_at) as last_delivery_at,
    min(window_from) as asked_from, max(window_to) as asked_to, sum(delivered) as delivered, sum(landed) as delivered_new, sum(bytes) as bytes,
    max_by(complete_through, seq) as complete_through
  from pulls
  group by source, stream
)

select
  c.source as delivered_by, c.stream, c.pulls, c.first_delivery_at, c.last_delivery_at, c.asked_from, c.asked_to, c.complete_through,
  cast(c.delivered as bigint) as delivered, cast(c.delivered_new as bigint) as delivered_new, cast(c.bytes as bigint) as bytes,
  coalesce(h.holes, 0) as holes, coalesce(h.hours_not_asked, 0) as hours_not_asked,
  case when h.holes > 0 then 'incomplete here' when c.asked_from is null then 'cannot be known here' else 'complete' end as verdict
from counted c
left join holes h on h.source = c.source and h.stream = c.stream
order by c.source, c.stream
