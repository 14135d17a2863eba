/*---
id: undelivered
title: What could not be delivered
description: By channel, messages that were given up, or failed and are tried again. Reads life_messages.
---*/
with messages as (select * from life_messages)

select
  channel,
  count(*) filter (where state = 'dead') as dead,
  count(*) filter (where state in ('pending', 'sending')) as pending,
  count(*) filter (where state = 'sent') as sent,
  max(sent_at) as last_sent_at,
  max_by(message, last_at) filter (where message is not null and state <> 'sent') as last_failure
from messages
group by channel
order by channel
