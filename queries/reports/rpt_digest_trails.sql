/*---
id: rpt_digest_trails
title: What CloudTrail's digests prove, by trail and Region
description: |
  CloudTrail's own proof of its log files, validated from landed bytes alone: signature, chain, and the hash of each log file named. A row without a
  trail counts log files that no landed digest names. Backfill: a chain that CloudTrail wrote later. Unverifiable: its signature or the key for it is
  not landed. Deleted: a live source looked and it was not there; missing: it is named, and nobody looked. Digests of deliveries in the period.
params: { from: timestamptz, to: timestamptz }
controls: [soc2:PI1.4, iso27001:A.5.28, iso27001:A.5.33, iso27001:A.8.15]
---*/
with checks as (
  select check_kind, state, account_id, aws_region, trail_name, is_backfill, is_fault
  from stg_digest_checks
  where coalesce(to_at, from_at) >= $from and coalesce(from_at, to_at) < $to
),

counted as (
  select
    account_id, aws_region, trail_name, is_backfill,
    count(*) filter (where check_kind = 'digest' and state = 'valid') as digests_valid,
    count(*) filter (where check_kind = 'digest' and state = 'invalid') as digests_invalid,
    count(*) filter (where check_kind = 'digest' and state = 'unverifiable') as digests_unverifiable,
    count(*) filter (where check_kind = 'digest' and state = 'missing') as digests_missing,
    count(*) filter (where check_kind = 'digest' and state = 'deleted') as digests_deleted,
    count(*) filter (where check_kind = 'gap') as digest_gaps,
    count(*) filter (where check_kind = 'log' and state = 'proved') as logs_proved,
    count(*) filter (where check_kind = 'log' and state = 'altered') as logs_altered,
    count(*) filter (where check_kind = 'log' and state = 'missing') as logs_missing,
    count(*) filter (where check_kind = 'log' and state = 'deleted') as logs_deleted,
    count(*) filter (where check_kind = 'log' and state = 'unproven') as logs_unproven,
    count(*) filter (where is_fault) as faults
  from checks
  group by account_id, aws_region, trail_name, is_backfill
)

select
  account_id as trail_account_id, aws_region as trail_region, trail_name, is_backfill, digests_valid, digests_invalid, digests_unverifiable,
  digests_missing, digests_deleted, digest_gaps, logs_proved, logs_altered, logs_missing, logs_deleted, logs_unproven,
  case
    when faults > 0 or digests_missing + digest_gaps + logs_missing > 0 then 'incomplete here'
    when digests_unverifiable + logs_unproven > 0 then 'cannot be known here'
    else 'complete'
  end as verdict
from counted
order by account_id nulls last, aws_region nulls last, trail_name nulls last, is_backfill
