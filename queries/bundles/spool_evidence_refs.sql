/*---
id: spool_evidence_refs
title: Records of a report's rows whose hashes are not known yet
description: |
  Each record that `spool_evidence` names and `evidence_hashes` has no row of, once, numbered in order of time, so that what lies together in
  landing is read together. `record_at` is null where one who names it does not know its time.
---*/
with mentions as (select source, owner_id, record_id, record_at from spool_evidence),

known as (select source, owner_id, record_id, true as is_known from evidence_hashes),

wanted as (
  select
    m.source, m.owner_id, m.record_id,
    case when count(m.record_at) = count(*) then min(m.record_at) end as record_at
  from mentions m
  left join known k on k.source = m.source and k.owner_id is not distinct from m.owner_id and k.record_id = m.record_id
  where k.is_known is null
  group by m.source, m.owner_id, m.record_id
)

select
  row_number() over (order by record_at, source, owner_id, record_id) - 1 as ref_no,
  source, owner_id, record_id, record_at
from wanted
order by ref_no
