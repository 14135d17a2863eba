/*---
id: watch_reject_days
title: What was set aside as unreadable, by source and day of landing
description: Of stg_deliveries and stg_rejects, with the day (UTC) and source of each batch out of the ledger.
params:
  ledger: { type: text, description: Path of ledger.jsonl }
  last_batch: { type: integer, description: Sequence of its last line that is whole }
---*/
insert into stg_reject_days by name
with batches as (
  select seq, source, landed_at
  from read_json($ledger, format = 'newline_delimited', ignore_errors = true, columns = {seq: 'integer', source: 'varchar', landed_at: 'timestamptz'})
  where seq <= $last_batch
),

reasons as (
  select batch_seq, min(reason) as reason
  from stg_rejects
  where batch_seq is not null
  group by batch_seq
),

delivered as (
  select batch_seq, sum(records_read) as records_read, sum(records_rejected) as records_rejected
  from stg_deliveries
  group by batch_seq
)

select
  b.source, cast(b.landed_at at time zone 'UTC' as date) as landed_on, max(b.landed_at) as last_landed_at,
  cast(sum(d.records_read) as bigint) as records_read, cast(sum(d.records_rejected) as bigint) as records_rejected,
  min_by(r.reason, d.batch_seq) filter (where r.reason is not null) as first_reason,
  max(d.batch_seq) filter (where d.records_rejected > 0) as last_line
from delivered d
inner join batches b on b.seq = d.batch_seq
left join reasons r on r.batch_seq = d.batch_seq
group by 1, 2
order by 1, 2
