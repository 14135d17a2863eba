/*---
id: rpt_completeness_digests
title: Every digest and log file that was checked
description: |
  The rows behind the counts by trail: each digest, gap between digests and log file of deliveries in the period, with the result of its check. Copies
  of a digest count once, unless one is at fault.
params: { from: timestamptz, to: timestamptz }
controls: [soc2:PI1.4, iso27001:A.5.33, iso27001:A.8.15]
---*/
with checks as (
  select check_kind, state, reason, account_id, aws_region, trail_name, is_backfill, object, from_at, to_at, batch_seq, is_fault
  from stg_digest_checks
  where coalesce(to_at, from_at) >= $from and coalesce(from_at, to_at) < $to
)

select
  check_kind, state, reason as check_reason, is_fault, account_id as trail_account_id, aws_region as trail_region, trail_name, is_backfill,
  object, from_at, to_at, batch_seq
from checks
order by is_fault desc, check_kind, state, object, from_at nulls last, batch_seq nulls last
