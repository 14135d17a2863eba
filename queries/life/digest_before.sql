/*---
id: digest_before
title: When a channel's digest before this one ended
description: One row; null where there was none. One that was given up told nobody anything. Reads life_messages.
params:
  channel: { type: text, description: "The channel's id" }
  to_at: { type: timestamptz, description: "When this one was planned" }
---*/
with digests as (select channel, planned_at from life_messages where notice = 'digest' and state <> 'dead')

select max(planned_at) as planned_at
from digests
where channel = $channel and planned_at < $to_at
