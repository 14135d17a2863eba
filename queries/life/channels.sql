/*---
id: channels
title: How each channel stands
description: |
  One row a channel that a message was ever planned for, by the lines of landing's alerts.jsonl. `waiting`: its turn has not come, or it failed
  and is tried again, or nobody knows how its last attempt ended; `dead`: given up. The last failure is of messages that it has not
  taken since. `rests_until`: nothing is sent before then, since the latest attempts found that the channel can't be reached (it may lie in the past);
  `rest_runs`: in how many runs in a row that was so. Tests of a channel are none of its messages, but one that it takes ends a rest.
params:
  path: { type: text, description: "Of landing/alerts.jsonl" }
  last_seq: { type: integer, description: "Of the last line that is whole" }
---*/
with lines as (
  select seq, kind, "at", key as alert_key, channel, notice, message, retry_at, is_transient, channel_retry_at
  from read_json(
    $path,
    format = 'newline_delimited', ignore_errors = true,
    columns = {
      seq: 'BIGINT', kind: 'VARCHAR', "at": 'TIMESTAMPTZ', key: 'VARCHAR', channel: 'VARCHAR', notice: 'VARCHAR', message: 'VARCHAR',
      retry_at: 'TIMESTAMPTZ', is_transient: 'BOOLEAN', channel_retry_at: 'TIMESTAMPTZ'
    }
  )
  where kind in ('planned', 'sending', 'sent', 'failed') and seq <= $last_seq
),

plans as (select alert_key, channel, notice from lines where kind = 'planned'),

attempts as (
  select p.channel, p.notice, p.alert_key, l.seq, l.kind, l."at", l.message, l.retry_at, l.is_transient, l.channel_retry_at
  from plans p
  inner join lines l on l.alert_key = p.alert_key and l.kind <> 'planned'
),

-- A null in the value would be passed over by max_by: hence the structs.
messages as (
  select
    p.channel, p.notice, p.alert_key,
    min(a."at") filter (where a.kind = 'sent') as sent_at,
    max(a."at") as last_at,
    max_by(struct_pack(kind := a.kind, retry_at := a.retry_at), a.seq) as last_line,
    max_by(struct_pack("at" := a."at", message := a.message, is_transient := a.is_transient, channel_retry_at := a.channel_retry_at), a.seq) filter (where a.kind = 'failed') as failure
  from plans p
  left join attempts a on a.alert_key = p.alert_key
  group by p.channel, p.notice, p.alert_key
),

stated as (
  select
    *,
    case when sent_at is not null then 'sent' when last_line.kind = 'failed' and last_line.retry_at is null then 'dead' else 'waiting' end as state
  from messages
),

counts as (
  select
    channel,
    count(*) filter (where state = 'sent' and notice <> 'test') as sent,
    count(*) filter (where state = 'waiting' and notice <> 'test') as waiting,
    count(*) filter (where state = 'dead' and notice <> 'test') as dead,
    max(sent_at) filter (where notice <> 'test') as last_sent_at,
    max_by(failure, failure."at") filter (where state <> 'sent' and notice <> 'test') as failure,
    max(last_at) filter (where notice = 'test') as last_test_at,
    max_by(state = 'sent', last_at) filter (where notice = 'test') as was_test_sent
  from stated
  group by channel
),

last_sent as (
  select channel, max(seq) as seq
  from attempts
  where kind = 'sent'
  group by channel
),

rests as (
  select a.channel, max_by(a.channel_retry_at, a.seq) as rests_until, count(*) as rest_runs, max_by(a.message, a.seq) as rest_message
  from attempts a
  left join last_sent s on s.channel = a.channel
  where a.channel_retry_at is not null and a.seq > coalesce(s.seq, 0)
  group by a.channel
)

select
  c.channel, cast(c.sent as integer) as sent, cast(c.waiting as integer) as waiting, cast(c.dead as integer) as dead, c.last_sent_at,
  c.failure."at" as last_failure_at,
  case
    when c.failure."at" is null then null
    when c.failure.channel_retry_at is not null then 'unreachable'
    when c.failure.is_transient = false then 'refused'
    else 'transient'
  end as failure_class,
  c.failure.message as last_failure,
  r.rests_until, cast(r.rest_runs as integer) as rest_runs, r.rest_message,
  c.last_test_at, c.was_test_sent
from counts c
left join rests r on r.channel = c.channel
order by c.channel
