/*---
id: digest_hashes_wanted
title: Log files whose hash is not taken yet
description: |
  Those that a digest names. Some at a time, in the order in which they lie in landing.
---*/
with log_objects as (
  select batch_seq, member, file_name
  from stg_log_objects
  where content_sha256 is null and fault is null
),

named as (select file_name from stg_digest_files)

select o.batch_seq, o.member
from log_objects o
semi join named n on n.file_name = o.file_name
order by o.batch_seq, o.member
limit 2000
