/*---
id: batches
title: The landed batches, as the ledger tells them
description: |
  One row a line of landing's ledger.jsonl, for reports that count again what was staged.
params:
  path: { type: text, description: "Of landing/ledger.jsonl" }
  last_seq: { type: integer, description: "Of the last line that is whole" }
---*/
select seq, landed_at, source, form, origin, records, members, bytes, sha256, stream, tenant_id
from read_json(
  $path,
  format = 'newline_delimited', ignore_errors = true,
  columns = {
    seq: 'BIGINT', landed_at: 'TIMESTAMPTZ', source: 'VARCHAR', form: 'VARCHAR', origin: 'VARCHAR', records: 'BIGINT', members: 'BIGINT',
    bytes: 'BIGINT', sha256: 'VARCHAR', stream: 'VARCHAR', tenant_id: 'VARCHAR'
  }
)
where seq <= $last_seq
order by seq
