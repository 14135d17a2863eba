/*---
id: digest_chains
title: What is missing between landed digests
description: |
  Digests that a later one names and that are not landed: deleted, where a live source listed the folder at that time and long after;
  missing, where older ones of the chain are landed and nobody looked; else the one before the first. And gaps: a chain that begins anew
  though older digests are landed (log file validation or the trail was off), or times that no digest covers.
---*/
create or replace temp table digest_missing as
with believed as (
  select
    account_id, aws_region, trail_name, home_region, is_backfill, start_at, end_at, bucket, object_key, previous_bucket, previous_key,
    batch_seq, member, state
  from digest_states
  where state <> 'invalid' and fault is null and not is_copy
),

-- What lies elsewhere than it says does not stand in for what should lie there.
places as (select bucket, object_key from digest_states where fault is null and reason <> 'moved'),

-- Where another digest was put, nothing is missing: that one is at fault.
replaced as (select origin from digest_states where reason = 'moved'),

faulty as (select file_name from digest_states where fault is not null),

chains as (
  select account_id, aws_region, trail_name, home_region, is_backfill, min(end_at) as first_end_at
  from believed
  group by account_id, aws_region, trail_name, home_region, is_backfill
),

-- A digest's name has the second of its end; its object may come a while later.
looked as (select place, account_id, aws_region, since, through - interval 2 hours as through from digest_looked where kind = 'digest'),

named as (
  select
    account_id, aws_region, trail_name, home_region, is_backfill, previous_bucket as bucket, previous_key as object_key,
    bool_or(state = 'valid') as is_believed, min(start_at) as end_at, arg_min({'batch_seq': batch_seq, 'member': member}, (batch_seq, member)) as named_by
  from believed
  where previous_key is not null
  group by account_id, aws_region, trail_name, home_region, is_backfill, previous_bucket, previous_key
),

absent as (
  select n.*
  from named n
  anti join places p on p.bucket = n.bucket and p.object_key = n.object_key
  anti join replaced r on r.origin = 's3://' || n.bucket || '/' || n.object_key
  anti join faulty f on f.file_name = regexp_extract(n.object_key, '[^/]*$')
)

select
  a.account_id, a.aws_region, a.trail_name, a.home_region, a.is_backfill, a.bucket, a.object_key, a.end_at,
  a.named_by.batch_seq as digest_batch_seq, a.named_by.member as digest_member,
  case
    when a.is_believed and exists (
      select 1 from looked k
      where
        k.place = regexp_extract('s3://' || a.bucket || '/' || a.object_key, '^(.*?/)AWSLogs/', 1)
        and k.account_id = a.account_id and k.aws_region = a.aws_region and k.since <= a.end_at and k.through > a.end_at
    ) then 'deleted'
    when c.first_end_at < a.end_at then 'missing'
    else 'before_first'
  end as state
from absent a
join chains c
  on c.account_id = a.account_id and c.aws_region = a.aws_region and c.trail_name = a.trail_name and c.home_region = a.home_region
  and c.is_backfill = a.is_backfill;

create or replace temp table digest_gaps as
with believed as (
  select
    account_id, aws_region, trail_name, home_region, is_backfill, start_at, end_at, previous_bucket, previous_key, batch_seq, member
  from digest_states
  where state <> 'invalid' and fault is null and not is_copy
),

absent as (select bucket, object_key from digest_missing),

ordered as (
  select
    *,
    max(end_at) over (
      partition by account_id, aws_region, trail_name, home_region, is_backfill
      order by start_at, end_at, batch_seq, member
      rows between unbounded preceding and 1 preceding
    ) as covered_to
  from believed
)

select
  o.account_id, o.aws_region, o.trail_name, o.home_region, o.is_backfill, o.covered_to as from_at, o.start_at as to_at,
  o.batch_seq as digest_batch_seq, o.member as digest_member,
  case when o.previous_key is null then 'chain_begins_anew' else 'time_not_covered' end as reason
from ordered o
anti join absent a on a.bucket = o.previous_bucket and a.object_key = o.previous_key
where
  (o.previous_key is null and o.covered_to is not null)
  -- Digests of the second chain come when there is something to tell.
  or (not o.is_backfill and o.covered_to < o.start_at)
