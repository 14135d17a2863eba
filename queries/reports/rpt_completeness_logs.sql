/*---
id: rpt_completeness_logs
title: whoran's own chained logs
description: |
  The ledger of batches and the log of pulls: each line holds the hash of the line before and a number that follows the last. Faults were found when
  the chain was last walked, in the latest run; `whoran verify` walks it again. What is cut off a log's end, and with it all copies of the head,
  leaves no trace: a bundle that was handed over earlier holds the head of its time.
controls: [soc2:PI1.4, iso27001:A.5.33, iso27001:A.8.15]
---*/
with ledger as (select seq from lnd_batches),

pulls as (select seq from lnd_pulls),

faults as (select file from stg_integrity_faults),

counted as (
  select 1 as position, 'ledger.jsonl' as log_file, count(*) as lines, max(seq) as last_line, count(distinct seq) as numbers from ledger
  union all
  select 2, 'pulls.jsonl', count(*), max(seq), count(distinct seq) from pulls
),

found as (
  select c.position, count(f.file) as faults
  from counted c
  left join faults f on f.file = c.log_file or (c.position = 1 and starts_with(f.file, 'batches/'))
  group by c.position
)

select
  c.log_file, c.lines, c.last_line, cast(coalesce(c.last_line, 0) - c.numbers as bigint) as missing_lines, f.faults,
  case
    when f.faults > 0 or coalesce(c.last_line, 0) <> c.numbers or c.lines <> c.numbers then 'incomplete here'
    when c.lines = 0 then 'cannot be known here'
    else 'complete'
  end as verdict,
  case when c.lines = 0 then 'It has no line: nothing was landed by it.' else 'Numbered from 1 without a hole, where none is missing.' end as note
from counted c
inner join found f on f.position = c.position
order by c.position
