/*---
id: digest_keys
title: How many of CloudTrail's public keys are known
description: Keys by their bytes; those that no configured source had from CloudTrail itself are counted apart.
---*/
with keys as (
  select key_sha256, bool_or(is_from_service) as is_from_service
  from stg_digest_keys
  group by key_sha256
)

select count(*) as known, count(*) filter (where not is_from_service) as from_files
from keys
