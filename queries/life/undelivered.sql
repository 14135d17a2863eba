/*---
id: undelivered
title: How each channel stands
description: |
  By channel, the messages about findings and the digests that were sent, that wait (they failed and are tried again, or their turn has not
  come), and that were given up. Tests of a channel are none of them; of those only the latest is told. Reads life_messages.
---*/
with messages as (select channel, notice, state, sent_at, last_at, message from life_messages)

select
  channel,
  count(*) filter (where state = 'dead' and notice <> 'test') as dead,
  count(*) filter (where state in ('pending', 'sending') and notice <> 'test') as pending,
  count(*) filter (where state = 'sent' and notice <> 'test') as sent,
  max(sent_at) filter (where notice <> 'test') as last_sent_at,
  max_by(message, last_at) filter (where message is not null and state <> 'sent' and notice <> 'test') as last_failure,
  max(last_at) filter (where notice = 'test') as last_test_at,
  max_by(state = 'sent', last_at) filter (where notice = 'test') as was_test_sent
from messages
group by channel
order by channel
