/*---
id: rpt_reconciliation
title: Reconciled to what was landed
description: |
  Counts of everything that is landed, whatever its time, taken two ways. Expected is what the ledger says of batches, and what a
  source said of its own answer; found is what staging read in them. A source that says no count cannot be compared with one: its row
  says so. Batches that retention took are counted apart.
key: [what, source]
controls: [soc2:PI1.4, soc2:CC2.1, iso27001:A.8.15]
---*/
with batches as (select seq, source, form, records, members from lnd_batches),

removals as (select batch_seq, state, records_erased from lnd_removals),

deliveries as (select batch_seq, member, records_read from stg_deliveries),

staged as (
  select batch_seq, count(distinct member) as members, sum(records_read) as records_read from deliveries group by batch_seq
),

joined as (
  select b.seq, b.source, b.records, b.members, s.members as staged_members, s.records_read
  from batches b
  left join staged s on s.batch_seq = b.seq
  left join removals r on r.batch_seq = b.seq
  where coalesce(r.state, '') not in ('removed', 'left_out')
),

compared as (
  select
    1 as position, 'batches in the ledger, and staged' as what, cast('' as varchar) as source, count(*) as expected,
    count(*) filter (where staged_members is not null) as found
  from joined
  union all
  select 2, 'files and objects in them, and staged', '', coalesce(sum(members), 0), coalesce(sum(staged_members), 0)
  from joined
  union all
  select 3, 'records that the source counted itself, and read', source, sum(records), sum(records_read)
  from joined
  where records is not null
  group by source
  union all
  select 4, 'batches whose source says no count', source, null, count(*)
  from joined
  where records is null
  group by source
  union all
  select 5, 'batches that retention took: in the ledger, and staged no more', '', null, count(*)
  from removals
  where state in ('removed', 'left_out')
  having count(*) > 0
  union all
  select 6, 'records that an erasure cut out of batches, which are counted as read', '', null, sum(records_erased)
  from removals
  where state = 'erased'
  having count(*) > 0
)

select
  what, source, cast(expected as bigint) as expected, cast(found as bigint) as found,
  case when expected is null then 'cannot be compared' when expected = found then 'yes' else 'NO' end as holds
from compared
order by position, source
