/*---
id: digest_notes
title: What CloudTrail's digests don't prove, one by one
description: |
  Every digest, gap and log file of the period that is not as it should be: first what is at fault, then what is merely unproven or not
  landed, by time. At most `most` of them. The digest before the first that is landed is none.
params:
  from_at: { type: timestamptz, default: null, description: "Not before this instant; null: since ever" }
  to_at: { type: timestamptz, default: null, description: "Before this instant; null: until now" }
  most: { type: integer, description: How many at most }
---*/
with checks as (
  select
    check_kind, state, reason, account_id, aws_region, trail_name, is_backfill, object, from_at, to_at, batch_seq, member, digest_batch_seq,
    digest_member, is_fault
  from stg_digest_checks
  where
    state not in ('valid', 'proved', 'before_first')
    and (cast($from_at as timestamptz) is null or to_at is null or to_at >= cast($from_at as timestamptz))
    and (cast($to_at as timestamptz) is null or coalesce(from_at, to_at) is null or coalesce(from_at, to_at) < cast($to_at as timestamptz))
)

select
  check_kind, state, reason, account_id, aws_region, trail_name, is_backfill, object, from_at, to_at, batch_seq, member, digest_batch_seq,
  digest_member, is_fault
from checks
order by
  is_fault desc, to_at nulls last, check_kind, state, reason, object, batch_seq nulls last, member nulls last, digest_batch_seq nulls last,
  digest_member nulls last
limit $most
