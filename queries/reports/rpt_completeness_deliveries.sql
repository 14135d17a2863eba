/*---
id: rpt_completeness_deliveries
title: Delivered batches, by source and stream
description: |
  Everything that the ledger says was landed, and what staging read in it, whatever its time. Read = new + repeated + rejected + set aside. Holds: every
  batch was staged, and where the source counted its own records, as many were read.
controls: [soc2:PI1.4, soc2:CC2.1, iso27001:A.8.15]
---*/
with batches as (select seq, landed_at, source, form, stream, records, members, bytes from lnd_batches),

removals as (select batch_seq, state, records_erased from lnd_removals),

deliveries as (select batch_seq, member, records_read, records_new, records_repeated, records_rejected, records_set_aside from stg_deliveries),

staged as (
  select
    batch_seq, sum(records_read) as records_read, sum(records_new) as records_new, sum(records_repeated) as records_repeated,
    sum(records_rejected) as records_rejected, sum(records_set_aside) as records_set_aside
  from deliveries
  group by batch_seq
),

joined as (
  select
    b.source, b.stream, b.form, b.landed_at, b.members, b.bytes, b.records as records_said, s.batch_seq is not null as is_staged,
    coalesce(r.state in ('removed', 'left_out'), false) as is_removed,
    s.records_read, s.records_new, s.records_repeated, s.records_rejected, s.records_set_aside
  from batches b
  left join staged s on s.batch_seq = b.seq
  left join removals r on r.batch_seq = b.seq
)

select
  source as delivered_by, stream, form, count(*) as batches, cast(sum(members) as bigint) as members, cast(sum(bytes) as bigint) as bytes,
  min(landed_at) as first_delivery_at, max(landed_at) as last_delivery_at, cast(sum(records_said) as bigint) as records_said,
  cast(coalesce(sum(records_read), 0) as bigint) as records_read, cast(coalesce(sum(records_new), 0) as bigint) as records_new,
  cast(coalesce(sum(records_repeated), 0) as bigint) as records_repeated, cast(coalesce(sum(records_rejected), 0) as bigint) as records_rejected,
  cast(coalesce(sum(records_set_aside), 0) as bigint) as records_set_aside,
  case
    when bool_or(not is_staged and not is_removed) then 'NO: not all staged'
    when bool_or(is_removed) then 'staged, but for ' || count(*) filter (where is_removed) || ' that retention took'
    when count(records_said) = 0 then 'staged; the source says no count'
    when bool_or(records_said <> records_read) then 'NO: another count'
    when count(records_said) < count(*) then 'yes, where the source says a count'
    else 'yes'
  end as holds
from joined
group by source, stream, form
order by source, stream nulls first, form
