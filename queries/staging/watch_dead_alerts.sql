/*---
id: watch_dead_alerts
title: Messages that were given up
description: |
  Of alerts.jsonl: each message whose last failure says that it isn't tried again, and that was not sent after all. Whoever tries a
  channel (`alerts test`) is told on the spot: that is none of them.
params:
  alerts: { type: text, description: Path of alerts.jsonl }
  last_alert: { type: integer, description: Sequence of its last line that is whole }
---*/
insert into stg_dead_alerts by name
with lines as (
  select seq, kind, "at", key, channel, notice, finding_ids, attempt, message, retry_at
  from read_json($alerts, format = 'newline_delimited', ignore_errors = true, columns = {
    seq: 'bigint', kind: 'varchar', "at": 'timestamptz', key: 'varchar', channel: 'varchar', notice: 'varchar',
    finding_ids: 'varchar[]', attempt: 'integer', message: 'varchar', retry_at: 'timestamptz'
  })
  where seq <= $last_alert
),

planned as (
  select key, min("at") as planned_at, min_by(channel, seq) as channel, min_by(notice, seq) as notice, min_by(len(finding_ids), seq) as findings
  from lines
  where kind = 'planned'
  group by key
),

ended as (
  select
    key, max_by(kind, seq) as kind, max_by("at", seq) as ended_at, max(attempt) as attempts, max(seq) as line,
    max_by(coalesce(message, ''), seq) as message, max_by(cast(retry_at is null as boolean), seq) as is_last
  from lines
  where kind in ('sending', 'sent', 'failed')
  group by key
)

select
  e.key as alert_key, p.channel, p.notice, p.planned_at, e.ended_at as given_up_at, e.attempts, e.message,
  cast(p.findings as integer) as findings, e.line
from ended e
inner join planned p on p.key = e.key
where e.kind = 'failed' and e.is_last and p.notice <> 'test'
order by e.key
