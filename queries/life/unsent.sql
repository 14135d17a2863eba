/*---
id: unsent
title: Messages that are not delivered yet
description: |
  Those planned earlier, with when they are tried again. Groups whose first message was tried least come first, so that one message which
  a service never takes holds up no other; within a group, and between groups tried as often, as they were planned. A test that nobody
  knows the end of is not sent again. Reads life_messages.
---*/
with messages as (
  select alert_key, planned_seq, channel, notice, group_key, finding_ids, openings, planned_at, attempts, state, retry_at, message
  from life_messages
  where state in ('pending', 'sending') and notice <> 'test'
),

placed as (
  select *, first_value(attempts) over (partition by channel, group_key order by planned_seq) as first_attempts
  from messages
)

select alert_key, channel, notice, group_key, finding_ids, openings, planned_at, attempts, state, retry_at, message
from placed
order by first_attempts, planned_seq
