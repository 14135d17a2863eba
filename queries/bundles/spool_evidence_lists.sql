/*---
id: spool_evidence_lists
title: The evidence of a report's rows, each record with its hash
description: |
  One row a row of the report and column of evidence, the records in the order in which the row names them. `missing`: those without a hash.
---*/
with mentions as (select row_no, column_name, place, hop, source, owner_id, record_id from spool_evidence),

hashes as (select source, owner_id, record_id, sha256 from evidence_hashes)

select
  m.row_no, m.column_name,
  array_agg(
    cast(
      row(m.hop, m.source, m.owner_id, m.record_id, h.sha256)
      as row(hop varchar, source varchar, owner_id varchar, record_id varchar, sha256 varchar)
    )
    order by m.place
  ) as evidence,
  count(*) filter (where h.sha256 is null) as missing
from mentions m
left join hashes h on h.source = m.source and h.owner_id is not distinct from m.owner_id and h.record_id = m.record_id
group by m.row_no, m.column_name
order by m.row_no, m.column_name
