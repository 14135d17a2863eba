/*---
id: digest_states
title: What each landed digest is worth
description: |
  A digest is valid where CloudTrail's key verifies a signature over it (its own, or the one that the digest after it holds), it lies
  where it says, and no signed digest after it names another hash for its place. What an unsigned digest says of another counts for
  nothing. Of copies of the same bytes one counts.
---*/
create or replace temp table digest_states as
with digests as (
  select
    batch_seq, member, origin, file_name, fault, account_id, aws_region, trail_name, home_region, is_backfill, start_at, end_at, bucket,
    object_key, is_moved, content_sha256, signing_sha256, own_signature, previous_bucket, previous_key, previous_sha256, previous_signature
  from stg_digests
),

outcomes as (select signing_sha256, signature, outcome from stg_digest_signatures),

signed as (
  select signing_sha256
  from outcomes
  group by signing_sha256
  having bool_or(outcome = 'right')
),

-- What later digests say of the one that lies, or claims to lie, where they point to.
links as (
  select
    d.batch_seq, d.member,
    bool_or(s.signing_sha256 is not null and n.previous_sha256 <> d.content_sha256) as is_contradicted,
    bool_or(s.signing_sha256 is not null and o.outcome = 'wrong') as is_signed_otherwise,
    min(o.outcome) filter (where o.outcome in ('key_missing', 'key_unusable', 'algorithm_unknown')) as not_tried
  from digests n
  join digests d on d.bucket = n.previous_bucket and d.object_key = n.previous_key
  left join signed s on s.signing_sha256 = n.signing_sha256
  left join outcomes o on o.signing_sha256 = d.signing_sha256 and o.signature = n.previous_signature
  where n.fault is null and d.fault is null
  group by d.batch_seq, d.member
),

judged as (
  select
    d.batch_seq, d.member, d.origin, d.file_name, d.fault, d.account_id, d.aws_region, d.trail_name, d.home_region, d.is_backfill,
    d.start_at, d.end_at, d.bucket, d.object_key, d.content_sha256, d.previous_bucket, d.previous_key,
    case
      when d.fault is not null then d.fault
      when d.is_moved then 'moved'
      when l.is_contradicted then 'hash_differs'
      when own.outcome = 'wrong' then 'signature_wrong'
      when own.outcome = 'right' then 'own_signature'
      when s.signing_sha256 is not null then 'next_digest'
      when l.is_signed_otherwise then 'signature_wrong'
      else coalesce(own.outcome, l.not_tried, 'no_signature')
    end as reason
  from digests d
  left join outcomes own on own.signing_sha256 = d.signing_sha256 and own.signature = d.own_signature
  left join signed s on s.signing_sha256 = d.signing_sha256
  left join links l on l.batch_seq = d.batch_seq and l.member = d.member
),

stated as (
  select
    *,
    case
      when reason in ('own_signature', 'next_digest') then 'valid'
      when reason in ('no_signature', 'key_missing', 'key_unusable', 'algorithm_unknown', 'landing_missing', 'landing_removed') then 'unverifiable'
      else 'invalid'
    end as state
  from judged
)

select
  *,
  fault is null and row_number() over (
    partition by bucket, object_key, content_sha256, fault is null
    order by case when reason = 'own_signature' then 1 when state = 'valid' then 2 when state = 'unverifiable' then 3 else 4 end, batch_seq, member
  ) > 1 as is_copy
from stated
