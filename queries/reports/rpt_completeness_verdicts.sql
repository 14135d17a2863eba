/*---
id: rpt_completeness_verdicts
title: The population, checked
description: |
  Each check with its verdict: complete; incomplete here; or it cannot be known here, from what is landed. Of: how many were looked at. Short: how many of
  them fail. The rows behind each stand in the table named. Sequence and time (chains, version numbers, digests) stand under Gaps.
params: { from: timestamptz, to: timestamptz }
controls: [soc2:PI1.4, soc2:CC2.1, iso27001:A.8.15]
---*/
with batches as (select seq, records from lnd_batches),

removals as (select batch_seq, state, records_erased from lnd_removals),

staged as (select batch_seq, sum(records_read) as records_read from stg_deliveries group by batch_seq),

joined as (
  select b.seq, b.records, s.batch_seq is not null as is_staged, s.records_read
  from batches b
  left join staged s on s.batch_seq = b.seq
  left join removals r on r.batch_seq = b.seq
  where coalesce(r.state, '') not in ('removed', 'left_out')
),

reads as (select sum(records_read) as records_read, sum(records_rejected) as records_rejected from stg_deliveries),

sources as (select complete_through from stg_sources),

expected as (select kind, name from cfg_expected),

heard as (
  select 'account' as kind, account_id as name from stg_events where event_at >= $from and event_at < $to
  union
  select 'region', aws_region from stg_events where event_at >= $from and event_at < $to
  union
  select 'cluster', cluster_name from stg_ecs_actions where event_at >= $from and event_at < $to
  union
  select 'cluster', cluster_name from cor_task_launchers where task_at >= $from and task_at < $to
),

counted as (
  select 1 as position, 'Landed batches are staged' as what, 'Every landed batch' as listed_in, count(*) as looked_at,
    count(*) filter (where not is_staged) as short, false as is_unknown
  from joined
  union all
  select 2, 'Records read, against the count that the source itself gives', 'Every landed batch', count(records),
    count(*) filter (where records is not null and records is distinct from records_read), count(records) = 0
  from joined
  union all
  select 3, 'Batches whose source gives no count', 'Every landed batch', count(*), count(*) filter (where records is null), true
  from joined
  union all
  select 4, 'Records that could be read', 'Every record that could not be read', coalesce(records_read, 0), coalesce(records_rejected, 0), false
  from reads
  union all
  select 5, 'Sources landed up to the end of the period', 'Each stream that delivered', count(*),
    count(*) filter (where complete_through is null or complete_through < $to), false
  from sources
  union all
  select 6, 'Accounts, Regions and clusters that are expected, heard of in the period', 'What the configuration expects, and whether it was heard of',
    count(*), count(*) filter (where h.name is null), count(*) = 0
  from expected e
  left join heard h on h.kind = e.kind and h.name = e.name
  union all
  select 7, 'Batches that retention took from landing or the database, or an erasure cut records out of', 'Every landed batch', count(*), count(*), false
  from removals
  having count(*) > 0
)

select
  what, case when is_unknown then 'cannot be known here' when looked_at = 0 or short > 0 then 'incomplete here' else 'complete' end as verdict,
  cast(looked_at as bigint) as looked_at, cast(short as bigint) as short, listed_in
from counted
order by position
