/*---
id: digest_logs
title: What each landed log file is worth, and which are not there
description: |
  A log file is proved where a valid digest names it with its hash; altered where one names it with another. What no valid digest names
  is unproven, which is not false: the reason says why. Files are told by name, which CloudTrail makes unique by 16 characters.
---*/
create or replace temp table digest_log_states as
with log_objects as (
  select batch_seq, member, origin, file_name, account_id, aws_region, delivered_at, content_sha256, fault
  from stg_log_objects
),

digests as (
  select
    batch_seq, member, state, trail_name, home_region, is_backfill, account_id, aws_region, start_at, end_at
  from digest_states
  where fault is null and not is_copy
),

files as (select batch_seq, member, bucket, object_key, file_name, hash_value, hash_algorithm from stg_digest_files),

compared as (
  select
    o.batch_seq, o.member, o.origin, o.file_name, o.account_id, o.aws_region, o.delivered_at, o.fault,
    d.trail_name, d.home_region, d.is_backfill, d.batch_seq as digest_batch_seq, d.member as digest_member,
    case
      when f.file_name is null then 'not_named'
      when o.fault = 'landing_removed' then 'bytes_removed'
      when o.fault = 'landing_missing' then 'bytes_gone'
      when o.fault = 'landing_altered' then 'landing_altered'
      when d.state = 'invalid' then 'digest_invalid'
      when d.state = 'unverifiable' then 'digest_unverifiable'
      when o.fault is not null then o.fault
      when f.hash_algorithm <> 'SHA-256' then 'algorithm_unknown'
      when f.hash_value = o.content_sha256 then 'hash_equal'
      else 'hash_differs'
    end as comparison
  from log_objects o
  left join (files f join digests d on d.batch_seq = f.batch_seq and d.member = f.member) on f.file_name = o.file_name
),

-- Several digests may name a file: two trails into one bucket, or one that is at fault beside one that is not.
ranked as (
  select
    *,
    row_number() over (
      partition by batch_seq, member
      order by
        case comparison
          when 'landing_altered' then 1 when 'bytes_gone' then 2 when 'bytes_removed' then 2 when 'hash_equal' then 3 when 'digest_unverifiable' then 5
          when 'algorithm_unknown' then 6 when 'digest_invalid' then 7 when 'not_named' then 8 else 4
        end,
        digest_batch_seq, digest_member
    ) as place
  from compared
),

best as (select * from ranked where place = 1),

spans as (
  select account_id, aws_region, start_at, end_at
  from digests
  where state <> 'invalid' and not is_backfill
),

reach as (
  select account_id, aws_region, min(start_at) as first_at, max(end_at) as last_at
  from spans
  group by account_id, aws_region
),

-- A file's name has the minute in which its delivery began; it may be in the digest of that hour or of the next.
unnamed as (select batch_seq, member, account_id, aws_region, delivered_at from best where comparison = 'not_named'),

covered as (
  select distinct u.batch_seq, u.member
  from unnamed u
  join spans a
    on a.account_id = u.account_id and a.aws_region = u.aws_region and a.start_at <= u.delivered_at and a.end_at > u.delivered_at
  join spans b
    on b.account_id = u.account_id and b.aws_region = u.aws_region
    and b.start_at <= u.delivered_at + interval 15 minutes and b.end_at > u.delivered_at + interval 15 minutes
)

select
  b.batch_seq, b.member, b.origin, b.file_name, b.account_id, b.aws_region, b.delivered_at, b.trail_name, b.home_region,
  coalesce(b.is_backfill, false) as is_backfill, b.digest_batch_seq, b.digest_member,
  case
    when b.comparison = 'hash_equal' then 'proved'
    when b.comparison in ('hash_differs', 'trailing_bytes', 'not_unpacked', 'landing_altered') then 'altered'
    else 'unproven'
  end as state,
  case
    when b.comparison <> 'not_named' then b.comparison
    when b.account_id is null then 'name_unknown'
    when r.account_id is null then 'no_digests'
    when b.delivered_at < r.first_at then 'before_first_digest'
    when b.delivered_at + interval 15 minutes >= r.last_at then 'after_last_digest'
    when c.batch_seq is null then 'in_gap'
    else 'not_named'
  end as reason
from best b
left join reach r on r.account_id = b.account_id and r.aws_region = b.aws_region
left join covered c on c.batch_seq = b.batch_seq and c.member = b.member;

create or replace temp table digest_log_missing as
with digests as (
  select batch_seq, member, trail_name, home_region, is_backfill, state
  from digest_states
  where state <> 'invalid' and fault is null and not is_copy
),

files as (
  select batch_seq, member, bucket, object_key, file_name, account_id, aws_region, delivered_at from stg_digest_files
),

log_objects as (select file_name from stg_log_objects),

looked as (select place, account_id, aws_region, since, through from digest_looked where kind = 'log'),

absent as (
  select
    f.bucket, f.object_key, f.account_id, f.aws_region, f.delivered_at, d.trail_name, d.home_region, d.is_backfill,
    bool_or(d.state = 'valid') as is_believed,
    arg_min({'batch_seq': d.batch_seq, 'member': d.member}, (d.batch_seq, d.member)) as named_by
  from files f
  join digests d on d.batch_seq = f.batch_seq and d.member = f.member
  anti join log_objects o on o.file_name = f.file_name
  group by f.bucket, f.object_key, f.account_id, f.aws_region, f.delivered_at, d.trail_name, d.home_region, d.is_backfill
)

select
  a.bucket, a.object_key, a.account_id, a.aws_region, a.delivered_at, a.trail_name, a.home_region, a.is_backfill,
  a.named_by.batch_seq as digest_batch_seq, a.named_by.member as digest_member,
  case when a.is_believed and exists (
    select 1 from looked k
    where
      k.place = regexp_extract('s3://' || a.bucket || '/' || a.object_key, '^(.*?/)AWSLogs/', 1)
      and k.account_id = a.account_id and k.aws_region = a.aws_region and k.since <= a.delivered_at
      and k.through > a.delivered_at + interval 2 hours
  ) then 'deleted' else 'missing' end as state
from absent a
