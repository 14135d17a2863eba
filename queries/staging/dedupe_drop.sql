/*---
id: dedupe_drop
title: Known records, out of the chunk
description: Takes what `dedupe_dropped` names out of `cloudtrail_chunk`.
---*/
delete from cloudtrail_chunk as chunk
using dedupe_dropped as dropped
where chunk.batch_seq = dropped.batch_seq and chunk.member = dropped.member and chunk.record_number = dropped.record_number;

delete from dedupe_dropped;
