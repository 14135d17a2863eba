/*---
id: record_hashes
title: The hashes of a bundle's records
description: |
  For each record asked for, the SHA-256 that the bundle gives it, in the order asked; null where it encloses none. The three lists are of
  equal length.
params: { sources: 'varchar[]', owner_ids: 'varchar[]', record_ids: 'varchar[]' }
---*/
with asked as (
  select unnest($sources) as source, unnest($owner_ids) as owner_id, unnest($record_ids) as record_id, unnest(range(len($sources))) as place
)

select r.sha256
from asked a
left join bundle_records r on r.source = a.source and r.owner_id = a.owner_id and r.record_id = a.record_id
order by a.place
