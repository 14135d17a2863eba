/*---
id: unsent
title: Messages that are not delivered yet
description: Those planned earlier, oldest first, with when they are tried again. Reads life_messages.
---*/
with messages as (select * from life_messages)

select alert_key, channel, notice, group_key, finding_ids, openings, planned_at, attempts, state, retry_at, message
from messages
where state in ('pending', 'sending')
order by planned_at, alert_key
