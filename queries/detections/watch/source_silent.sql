/*---
id: source_silent
title: A source is silent
description: |
  A configured, enabled live source that landed nothing new for longer than its limit, or a stream of it whose pulls fail for that
  long, as of the latest run; and an account, region or cluster under `expected` that no record ever named. Limits: the
  source's `silent_after_minutes` in the configuration: 25 hours, 3 days for Entra (weekends), none for a watched folder. One silence is
  one finding: it ends when something new is landed.
  Not seen: a source that delivers less than it should; a run that never comes (the dead man's ping tells that); files that are
  ingested by hand; a stream that answers and has nothing, while other streams of its source deliver.
severity: high
sources: [landing]
controls: [soc2:CC2.1, soc2:CC7.2, iso27001:A.8.15, iso27001:A.8.16]
params:
  expected_after_minutes:
    type: integer
    default: 10080
    description: So many minutes after the first watched run, what is expected has been heard of
false_positives: |
  A quiet account or tenant over a long holiday. An expected cluster that runs nothing yet.
runbook: |
  1. Ask `whoran status` when the source last delivered and what its pulls last failed with.
  2. Run `whoran doctor`: it tries the source's credentials and permissions, and says what to repair.
  3. See at the service whether the log is still written there: a stopped trail or a removed diagnostic setting is an incident.
  4. Run `whoran run`; findings that say that something is missing are held back until the source delivers.
---*/
with watched as (
  select
    source, stream, watched_at, first_watched_at, last_pulled_at, last_delivered_at, last_failed_at, silent_after_minutes
  from stg_source_watch
),
sources as (
  select
    source, max(watched_at) as watched_at, coalesce(max(last_delivered_at), min(first_watched_at)) as since,
    max(last_delivered_at) as last_delivered_at, max(silent_after_minutes) as silent_after_minutes
  from watched
  group by source
),
silent as (
  select source, since, last_delivered_at
  from sources
  where since is not null and date_diff('second', since, watched_at) >= silent_after_minutes * 60
),
failing as (
  select w.source, w.stream, coalesce(w.last_pulled_at, w.first_watched_at) as since
  from watched w
  left join silent s on s.source = w.source
  where s.source is null
    and w.last_failed_at >= coalesce(w.last_pulled_at, w.first_watched_at)
    and date_diff('second', coalesce(w.last_pulled_at, w.first_watched_at), w.watched_at) >= w.silent_after_minutes * 60
),
clock as (
  select min(first_watched_at) as since, max(watched_at) as watched_at
  from watched
),
heard as (
  select 'account' as kind, account_id as name from stg_events
  union
  select 'region' as kind, aws_region as name from stg_events
  union
  select 'account' as kind, account_id as name from stg_task_events
  union
  select 'region' as kind, aws_region as name from stg_task_events
  union
  select 'cluster' as kind, cluster_name as name from cor_tasks
  union
  select 'cluster' as kind, cluster_name as name from stg_ecs_actions
),
never as (
  select e.kind, e.name, c.since
  from cfg_expected e
  cross join clock c
  left join heard h on h.kind = e.kind and h.name = e.name
  where h.name is null and c.since is not null and date_diff('second', c.since, c.watched_at) >= $expected_after_minutes * 60
),
named as (
  select
    source as subject_id, since as occurred_at,
    case when last_delivered_at is null then 'Source ' || source || ' never delivered anything'
      else 'Source ' || source || ' delivers nothing new' end as summary,
    source as dedup_subject
  from silent
  union all
  select
    source, since, 'Pulls of source ' || source || ', stream ' || stream || ' fail, and none succeeded since',
    source || '/' || stream
  from failing
  union all
  select kind || ' ' || name, since, 'Nothing ever came from the expected ' || kind || ' ' || name, 'expected/' || kind || '/' || name
  from never
)
select
  'source' as subject_kind,
  subject_id,
  occurred_at,
  summary,
  'source_silent/' || dedup_subject || '/'
    || cast(date_diff('second', cast('1970-01-01T00:00:00Z' as timestamp with time zone), occurred_at) as varchar) as dedup_key,
  cast(null as varchar) as reason,
  array[row('landing', '', cast(null as varchar), occurred_at)] as evidence,
  false as is_provisional
from named
order by occurred_at, dedup_key
