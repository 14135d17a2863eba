/*---
id: silences
title: What is silent now
description: |
  One row a thing that a silent source, or a silent stream of one, would deliver: an account's trail in a region, a tenant's sign-ins of a kind.
  Null stands for all of them. From the findings of source_silent that stand (their dedup_key names the stream, where one alone is
  silent) and what the streams' latest pulls say that they cover. Reads finding_life and the lines of landing's pulls.jsonl.
params:
  path: { type: text, description: "Of landing/pulls.jsonl" }
  last_seq: { type: integer, description: "Of the last line that is whole" }
---*/
with findings as (
  select subject_id as source, occurred_at, dedup_key
  from finding_life
  where detection = 'source_silent' and status in ('open', 'acknowledged') and starts_with(dedup_key, 'source_silent/' || subject_id || '/')
),

-- What is between the source and the time is the stream.
silent as (
  select source, occurred_at as since, regexp_replace(substr(dedup_key, length('source_silent/' || source || '/') + 1), '/?[0-9]+$', '') as stream
  from findings
),

pull_lines as (
  select seq, source, stream, covers
  from read_json(
    $path,
    format = 'newline_delimited', ignore_errors = true,
    columns = {
      seq: 'BIGINT', source: 'VARCHAR', stream: 'VARCHAR',
      covers: 'STRUCT("of" VARCHAR, tenant_id VARCHAR, sign_in_kind VARCHAR, account_id VARCHAR, region VARCHAR)[]'
    }
  )
  where seq <= $last_seq
),

pulled as (
  select source, stream, max_by(covers, seq) as covers
  from pull_lines
  group by source, stream
),

things as (
  select distinct
    s.source, nullif(s.stream, '') as stream, s.since, c.one."of" as record_source, c.one.account_id as account_id, c.one.region as aws_region,
    c.one.tenant_id as tenant_id, c.one.sign_in_kind as sign_in_kind
  from silent s
  inner join pulled p on p.source = s.source and (s.stream = '' or p.stream = s.stream)
  cross join unnest(p.covers) as c (one)
)

select source, stream, since, record_source, account_id, aws_region, tenant_id, sign_in_kind
from things
order by source, stream, since, record_source, account_id, aws_region, tenant_id, sign_in_kind
