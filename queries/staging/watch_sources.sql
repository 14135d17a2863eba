/*---
id: watch_sources
title: How the configured live sources stand
description: |
  Of landing's logs: a row for each stream of each source named, as the latest run finds it. A source that never got as far as a
  stream has one row with an empty stream. Nothing where no run is on record: what is ingested by hand has no clock.
params:
  ids: { type: 'text[]', description: Ids of the configured sources that are enabled }
  types: { type: 'text[]', description: Their types }
  limits: { type: 'text[]', description: Whole minutes of silence that each is allowed; 0 is no limit }
  pulls: { type: text, description: Path of pulls.jsonl }
  runs: { type: text, description: Path of runs.jsonl }
  ledger: { type: text, description: Path of ledger.jsonl }
  last_pull: { type: integer, description: Sequence of the last line of pulls.jsonl that is whole }
  last_run: { type: integer, description: The same of runs.jsonl }
  last_batch: { type: integer, description: The same of ledger.jsonl }
---*/
insert into stg_source_watch by name
with configured as (
  select unnest($ids) as source, unnest($types) as source_type, cast(unnest($limits) as integer) as silent_after_minutes
),

run_lines as (
  select kind, "at", began_at, sources, failures
  from read_json($runs, format = 'newline_delimited', ignore_errors = true, columns = {
    seq: 'bigint', kind: 'varchar', "at": 'timestamptz', began_at: 'timestamptz', sources: 'struct(source varchar)[]',
    failures: 'struct(what varchar, stream varchar)[]'
  })
  where seq <= $last_run
),

clock as (select max("at") as watched_at from run_lines where kind = 'began'),

watched as (
  select s.one.source as source, min(r.began_at) as first_watched_at
  from run_lines r
  cross join unnest(r.sources) as s (one)
  where r.kind = 'ended'
  group by s.one.source
),

failed as (
  select substr(f.one.what, 8) as source, coalesce(f.one.stream, '') as stream, max(r.began_at) as last_failed_at
  from run_lines r
  cross join unnest(r.failures) as f (one)
  where r.kind = 'ended' and starts_with(f.one.what, 'source ')
  group by 1, 2
),

pull_lines as (
  select seq, source, stream, "at", complete_through, covers
  from read_json($pulls, format = 'newline_delimited', ignore_errors = true, columns = {
    seq: 'bigint', source: 'varchar', stream: 'varchar', "at": 'timestamptz', complete_through: 'timestamptz',
    covers: 'struct("of" varchar)[]'
  })
  where seq <= $last_pull
),

pulled as (
  select
    source, stream, min("at") as first_pulled_at, max("at") as last_pulled_at, max_by(complete_through, seq) as complete_through,
    max_by(covers, seq) as covers
  from pull_lines
  group by source, stream
),

delivered as (
  select source, coalesce(stream, '') as stream, max(landed_at) as last_delivered_at
  from read_json($ledger, format = 'newline_delimited', ignore_errors = true, columns = {
    seq: 'bigint', source: 'varchar', stream: 'varchar', landed_at: 'timestamptz'
  })
  where seq <= $last_batch
  group by 1, 2
),

-- A stream that the configuration names no more has a last line that covers nothing; its deliveries are still the source's.
streams as (
  select source, stream from pulled where len(covers) > 0
  union
  select source, stream from delivered
  union
  select source, stream from failed
  union
  select source, '' from configured where source not in (select source from pulled) and source not in (select source from delivered)
)

select
  c.source, c.source_type, s.stream,
  case when len(list_distinct(list_transform(p.covers, lambda one: one."of"))) = 1 then p.covers[1]."of" end as record_source,
  k.watched_at, coalesce(w.first_watched_at, k.watched_at) as first_watched_at,
  p.first_pulled_at, p.last_pulled_at, d.last_delivered_at, f.last_failed_at, p.complete_through,
  nullif(c.silent_after_minutes, 0) as silent_after_minutes
from configured c
inner join streams s on s.source = c.source
inner join clock k on k.watched_at is not null
left join watched w on w.source = c.source
left join pulled p on p.source = s.source and p.stream = s.stream
left join delivered d on d.source = s.source and d.stream = s.stream
left join failed f on f.source = s.source and f.stream = s.stream
order by c.source, s.stream
