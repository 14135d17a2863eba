/*---
id: digest_trails
title: What CloudTrail's digests prove, by trail and region
description: |
  Counts of stg_digest_checks for each account, region, trail and chain, of what was delivered in the period, and the time that valid
  digests cover. A row without a trail counts log files that no digest names. `covered_seconds` counts times once where digests overlap.
params:
  from_at: { type: timestamptz, default: null, description: "Not before this instant; null: since ever" }
  to_at: { type: timestamptz, default: null, description: "Before this instant; null: until now" }
---*/
with checks as (
  select check_kind, state, reason, account_id, aws_region, trail_name, home_region, is_backfill, from_at, to_at
  from stg_digest_checks
  where
    (cast($from_at as timestamptz) is null or to_at is null or to_at >= cast($from_at as timestamptz))
    and (cast($to_at as timestamptz) is null or coalesce(from_at, to_at) is null or coalesce(from_at, to_at) < cast($to_at as timestamptz))
),

ordered as (
  select
    account_id, aws_region, trail_name, home_region, is_backfill, from_at, to_at,
    max(to_at) over (
      partition by account_id, aws_region, trail_name, home_region, is_backfill
      order by from_at, to_at
      rows between unbounded preceding and 1 preceding
    ) as covered_to
  from checks
  where check_kind = 'digest' and state = 'valid'
),

coverage as (
  select
    account_id, aws_region, trail_name, home_region, is_backfill, min(from_at) as covered_from, max(to_at) as covered_to,
    sum(greatest(0, epoch(to_at) - epoch(greatest(from_at, coalesce(covered_to, from_at))))) as covered_seconds
  from ordered
  group by account_id, aws_region, trail_name, home_region, is_backfill
),

counted as (
  select
    account_id, aws_region, trail_name, home_region, is_backfill,
    count(*) filter (where check_kind = 'digest' and state = 'valid') as digests_valid,
    count(*) filter (where check_kind = 'digest' and state = 'invalid') as digests_invalid,
    count(*) filter (where check_kind = 'digest' and state = 'unverifiable') as digests_unverifiable,
    count(*) filter (where check_kind = 'digest' and state = 'deleted') as digests_deleted,
    count(*) filter (where check_kind = 'digest' and state = 'missing') as digests_missing,
    count(*) filter (where check_kind = 'gap') as gaps,
    count(*) filter (where check_kind = 'log' and state = 'proved') as logs_proved,
    count(*) filter (where check_kind = 'log' and state = 'altered') as logs_altered,
    count(*) filter (where check_kind = 'log' and state = 'deleted') as logs_deleted,
    count(*) filter (where check_kind = 'log' and state = 'missing') as logs_missing,
    count(*) filter (where check_kind = 'log' and state = 'unproven') as logs_unproven
  from checks
  group by account_id, aws_region, trail_name, home_region, is_backfill
)

select
  c.account_id, c.aws_region, c.trail_name, c.home_region, c.is_backfill,
  c.digests_valid, c.digests_invalid, c.digests_unverifiable, c.digests_deleted, c.digests_missing, c.gaps,
  c.logs_proved, c.logs_altered, c.logs_deleted, c.logs_missing, c.logs_unproven,
  v.covered_from, v.covered_to, cast(coalesce(v.covered_seconds, 0) as bigint) as covered_seconds
from counted c
left join coverage v
  on v.account_id is not distinct from c.account_id and v.aws_region is not distinct from c.aws_region
  and v.trail_name is not distinct from c.trail_name and v.home_region is not distinct from c.home_region and v.is_backfill = c.is_backfill
order by c.account_id nulls last, c.aws_region nulls last, c.trail_name nulls last, c.home_region nulls last, c.is_backfill
