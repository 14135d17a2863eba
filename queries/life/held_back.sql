/*---
id: held_back
title: What is not told now, and why
description: Findings that stand, were not told on a channel yet, and are held back. Reads plan_findings and life_messages.
---*/
with told as (
  select m.channel, u.finding_id
  from life_messages m
  cross join unnest(m.finding_ids) as u (finding_id)
  where m.notice = 'fired'
),

waiting as (
  select p.id, p.channel, p.held_by
  from plan_findings p
  left join told t on t.channel = p.channel and t.finding_id = p.id
  where p.held_by is not null and p.status = 'open' and t.finding_id is null
)

select held_by as why, count(distinct id) as findings, list_sort(list_distinct(array_agg(channel order by channel))) as channels
from waiting
group by held_by
order by held_by
