/*---
id: channel_rests
title: Channels that are left alone for a while
description: |
  One row a channel whose latest attempt found that it can't be reached: until when nothing is sent to it, and how often in a row that was
  so. A message that it takes ends the row. Reads the lines of landing's alerts.jsonl.
params:
  path: { type: text, description: "Of landing/alerts.jsonl" }
---*/
with lines as (
  select seq, kind, "at", key as alert_key, channel, message, channel_retry_at
  from read_json(
    $path,
    format = 'newline_delimited', ignore_errors = true,
    columns = { seq: 'BIGINT', kind: 'VARCHAR', "at": 'TIMESTAMPTZ', key: 'VARCHAR', channel: 'VARCHAR', message: 'VARCHAR', channel_retry_at: 'TIMESTAMPTZ' }
  )
  where kind in ('planned', 'sent', 'failed') and seq is not null
),

ends as (
  select p.channel, l.seq, l.kind, l.message, l.channel_retry_at
  from lines l
  inner join lines p on p.kind = 'planned' and p.alert_key = l.alert_key
  where l.kind <> 'planned'
),

last_sent as (
  select channel, max(seq) as seq
  from ends
  where kind = 'sent'
  group by channel
),

faults as (
  select e.channel, e.seq, e.message, e.channel_retry_at
  from ends e
  left join last_sent s on s.channel = e.channel
  where e.channel_retry_at is not null and e.seq > coalesce(s.seq, 0)
)

select channel, cast(count(*) as integer) as runs, max_by(channel_retry_at, seq) as rests_until, max_by(message, seq) as message
from faults
group by channel
order by channel
