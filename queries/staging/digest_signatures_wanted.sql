/*---
id: digest_signatures_wanted
title: Signatures over digests that were not tried yet
description: |
  Each digest's own, from the metadata of its object, and the one that the digest after it holds of it. Some at a time.
---*/
with digests as (
  select
    signing_sha256, signing_text, key_fingerprint, signature_algorithm, own_signature, bucket, object_key,
    previous_bucket, previous_key, previous_signature
  from stg_digests
  where fault is null
),

tried as (select signing_sha256, signature from stg_digest_signatures),

wanted as (
  select signing_sha256, signing_text, key_fingerprint, signature_algorithm, own_signature as signature
  from digests
  where own_signature is not null
  union
  select d.signing_sha256, d.signing_text, d.key_fingerprint, d.signature_algorithm, n.previous_signature
  from digests n
  join digests d on d.bucket = n.previous_bucket and d.object_key = n.previous_key
)

select w.signing_sha256, w.signing_text, w.key_fingerprint, w.signature_algorithm, w.signature
from wanted w
anti join tried t on t.signing_sha256 = w.signing_sha256 and t.signature = w.signature
order by w.signing_sha256, w.signature
limit 2000
