/*---
id: messages
title: Messages on their way
description: |
  One row a message that was ever planned, as the lines of landing's alerts.jsonl tell it up to an instant. `state`: `pending` before the
  first attempt, and between attempts; `sending` where an attempt began and nobody knows how it ended; `sent`; `dead` where it was given up.
params:
  path: { type: text, description: "Of landing/alerts.jsonl" }
  known_at: { type: timestamptz, description: "Lines up to and including this instant" }
  last_seq: { type: integer, description: "Of the last line that is whole" }
---*/
with lines as (
  select seq, kind, "at", key as alert_key, channel, notice, group_key, finding_ids, openings, attempt, receipt, message, retry_at
  from read_json(
    $path,
    format = 'newline_delimited', ignore_errors = true,
    columns = {
      seq: 'BIGINT', kind: 'VARCHAR', "at": 'TIMESTAMPTZ', key: 'VARCHAR', channel: 'VARCHAR', notice: 'VARCHAR', group_key: 'VARCHAR',
      finding_ids: 'VARCHAR[]', openings: 'INTEGER[]', attempt: 'INTEGER', receipt: 'VARCHAR', message: 'VARCHAR', retry_at: 'TIMESTAMPTZ'
    }
  )
  where kind in ('planned', 'sending', 'sent', 'failed') and seq <= $last_seq and "at" <= $known_at
),

plans as (
  select alert_key, seq, "at" as planned_at, channel, notice, group_key, finding_ids, openings from lines where kind = 'planned'
),

attempts as (
  select
    alert_key,
    count(*) filter (where kind = 'sending') as attempts,
    max(seq) as last_seq,
    max_by(kind, seq) as last_kind,
    max_by("at", seq) as last_at,
    min("at") filter (where kind = 'sent') as sent_at,
    max_by(receipt, seq) filter (where kind = 'sent') as receipt,
    max_by(message, seq) filter (where kind = 'failed') as message,
    -- A null in the value would be passed over.
    max_by(struct_pack(retry_at := retry_at), seq) filter (where kind = 'failed') as last_failure
  from lines
  where kind <> 'planned'
  group by alert_key
)

select
  p.alert_key, p.seq as planned_seq, p.channel, p.notice, p.group_key, p.finding_ids, p.openings, p.planned_at,
  cast(coalesce(a.attempts, 0) as integer) as attempts,
  a.last_at, a.sent_at, a.receipt, a.message,
  case when a.last_kind = 'failed' then a.last_failure.retry_at end as retry_at,
  case
    when a.sent_at is not null then 'sent'
    when a.last_kind = 'sending' then 'sending'
    when a.last_kind = 'failed' and a.last_failure.retry_at is null then 'dead'
    else 'pending'
  end as state
from plans p
left join attempts a on a.alert_key = p.alert_key
order by p.seq
