/*---
id: rpt_gaps
title: Gaps in sequence and time
description: |
  What could show that something is missing, and whether it does: whoran's own chained logs, the numbers that ECS gives to a task's
  states, CloudTrail's chain of digests, and silences. Each is complete, incomplete here, or cannot be known here.
key: [what]
params: { from: timestamptz, to: timestamptz }
controls: [soc2:PI1.4, soc2:CC2.1, iso27001:A.5.33, iso27001:A.8.15]
---*/
with faults as (select file, line from stg_integrity_faults),

own_logs as (
  select position, file, about
  from (
    values
      (1, 'ledger.jsonl', 'The ledger of landed batches: every line holds the hash of the line before'),
      (2, 'batches', 'The landed batches themselves: each is there, with its length'),
      (3, 'pulls.jsonl', 'The log of pulls: every line holds the hash of the line before'),
      (4, 'journal.jsonl', 'The journal of decisions: every line holds the hash of the line before')
  ) as l (position, file, about)
),

own as (
  select
    l.position, l.about as what, count(f.file) as gaps,
    case when count(f.file) = 0 then 'complete' else 'incomplete here' end as verdict,
    case
      when count(f.file) = 0 then 'No fault.'
      else 'First at line ' || cast(min(f.line) as varchar) || '; `whoran doctor` names all.'
    end as note
  from own_logs l
  left join faults f on f.file = l.file or (l.file = 'batches' and starts_with(f.file, 'batches/'))
  group by l.position, l.about
),

-- ECS counts a task's states: a number that is not there is an event that was not delivered.
task_states as (
  select distinct task_key, task_version
  from stg_task_events
  where event_at >= $from and event_at < $to and task_version is not null
),

task_versions as (
  select task_key, max(task_version) - min(task_version) + 1 - count(*) as missing from task_states group by task_key
),

tasks as (
  select
    5 as position, 'State changes of ECS tasks, by their version numbers' as what, coalesce(sum(missing), 0) as gaps,
    case when count(*) = 0 then 'cannot be known here' when sum(missing) = 0 then 'complete' else 'incomplete here' end as verdict,
    case
      when count(*) = 0 then 'No task state change is landed in the period.'
      else cast(count(*) as varchar) || ' tasks; ' || cast(count(*) filter (where missing > 0) as varchar)
        || ' lack a number between their first and last. A task of which no state came at all is not seen here.'
    end as note
  from task_versions
),

digest_checks as (
  select check_kind, state, is_fault
  from stg_digest_checks
  where coalesce(to_at, from_at) >= $from and coalesce(from_at, to_at) < $to
),

digests as (
  select
    6 as position, 'CloudTrail''s own chain of digests' as what,
    count(*) filter (where is_fault or state in ('gap', 'missing', 'deleted')) as gaps,
    case
      when count(*) filter (where check_kind = 'digest') = 0 then 'cannot be known here'
      when count(*) filter (where is_fault or state in ('gap', 'missing', 'deleted')) > 0 then 'incomplete here'
      when count(*) filter (where state in ('unverifiable', 'unproven')) > 0 then 'cannot be known here'
      else 'complete'
    end as verdict,
    case
      when count(*) filter (where check_kind = 'digest') = 0 then 'No digest of the period is landed: that no log file was altered or left out cannot be shown.'
      else cast(count(*) filter (where check_kind = 'digest' and state = 'valid') as varchar) || ' digests valid, '
        || cast(count(*) filter (where check_kind = 'digest' and state = 'unverifiable') as varchar) || ' without their signature or its key, '
        || cast(count(*) filter (where check_kind = 'log' and state = 'proved') as varchar) || ' log files proved, '
        || cast(count(*) filter (where check_kind = 'log' and state = 'unproven') as varchar) || ' in no landed digest, '
        || cast(count(*) filter (where is_fault) as varchar) || ' at fault.'
    end as note
  from digest_checks
),

sources as (
  select source, count(*) as streams, count(*) filter (where complete_through < $to or complete_through is null) as short
  from stg_sources
  group by source
),

time_covered as (
  select
    7 as position, 'The period, as far as sources are landed' as what, coalesce(sum(short), 0) as gaps,
    case when count(*) = 0 then 'incomplete here' when sum(short) = 0 then 'complete' else 'incomplete here' end as verdict,
    case
      when count(*) = 0 then 'Nothing is landed.'
      else cast(sum(streams) as varchar) || ' sources and kinds; ' || cast(sum(short) as varchar) || ' end before the period does.'
    end as note
  from sources
),

unknowable as (
  select position, what, cast(null as bigint) as gaps, 'cannot be known here' as verdict, note
  from (
    values
      (8, 'Silent stretches', 'A stretch without records may be a quiet time or a loss: they are listed, and not judged.'),
      (9, 'Accounts, Regions and tenants that nobody delivers', 'What no trail, rule or export covers leaves no trace in what is delivered.')
  ) as u (position, what, note)
),

gathered as (
  select position, what, gaps, verdict, note from own
  union all
  select position, what, gaps, verdict, note from tasks
  union all
  select position, what, gaps, verdict, note from digests
  union all
  select position, what, gaps, verdict, note from time_covered
  union all
  select position, what, gaps, verdict, note from unknowable
)

select what, verdict, cast(gaps as bigint) as gaps, note
from gathered
order by position
