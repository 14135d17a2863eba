/*---
id: cloudtrail_kept
title: Records of the chunk that go in
description: Neither rejected, nor set aside, nor an addendum, nor known already.
---*/
create or replace temp view cloudtrail_kept as
select chunk.*
from cloudtrail_chunk as chunk
anti join dedupe_dropped as dropped
  on chunk.batch_seq = dropped.batch_seq and chunk.member = dropped.member and chunk.record_number = dropped.record_number
where chunk.reject_reason is null and not chunk.is_set_aside and not chunk.is_addendum;
