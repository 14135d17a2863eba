/*---
id: enclosed_hashes
title: The hashes that a bundle gives its records
description: |
  For each of `evidence_refs`, the SHA-256 in `bundle_records`; null where the bundle encloses no such record.
---*/
with asked as (select source, owner_id, record_id from evidence_refs),

enclosed as (select source, owner_id, record_id, sha256 from bundle_records)

select a.source, a.owner_id, a.record_id, e.sha256
from asked a
left join enclosed e on e.source = a.source and e.owner_id is not distinct from a.owner_id and e.record_id = a.record_id
order by a.source, a.owner_id, a.record_id
