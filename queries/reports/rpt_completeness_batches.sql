/*---
id: rpt_completeness_batches
title: Every landed batch
description: |
  A row for each line of the ledger: what was delivered, its bytes and hash, and what staging read in it.
controls: [soc2:PI1.4, iso27001:A.5.33, iso27001:A.8.15]
---*/
with batches as (select seq, landed_at, source, form, origin, stream, records, members, bytes, sha256 from lnd_batches),

removals as (select batch_seq, state, records_erased from lnd_removals),

deliveries as (select batch_seq, records_read, records_new, records_repeated, records_rejected, records_set_aside from stg_deliveries),

staged as (
  select
    batch_seq, sum(records_read) as records_read, sum(records_new) as records_new, sum(records_repeated) as records_repeated,
    sum(records_rejected) as records_rejected, sum(records_set_aside) as records_set_aside
  from deliveries
  group by batch_seq
)

select
  b.seq as batch_seq, b.landed_at, b.source as delivered_by, b.stream, b.form, b.origin, b.members, b.bytes, b.records as records_said,
  cast(s.records_read as bigint) as records_read, cast(s.records_new as bigint) as records_new, cast(s.records_repeated as bigint) as records_repeated,
  cast(s.records_rejected as bigint) as records_rejected, cast(s.records_set_aside as bigint) as records_set_aside,
  case
    when r.state = 'removed' then 'taken by retention; its hashes are kept'
    when r.state = 'left_out' then 'left out of the database by retention'
    when s.batch_seq is null then 'NO: not staged'
    when r.state = 'erased' then 'staged; ' || r.records_erased || ' records were erased'
    when b.records is null then 'staged; the source says no count'
    when b.records = s.records_read then 'yes'
    else 'NO: another count'
  end as holds,
  b.sha256 as batch_sha256
from batches b
left join staged s on s.batch_seq = b.seq
left join removals r on r.batch_seq = b.seq
order by b.seq
