/*---
id: registry_aliases
title: What the registry's records are called under pseudonyms
description: |
  A record of the identity registry is named after issuer, audience and subject, and the subject may be a person's. Each one whose name is another in the
  redacted file, with both. The two files, `registry.parquet` and `redacted_registry.parquet`, have the same rows in the same order; the program puts their
  paths in.
---*/
with as_read as (
  select file_row_number as position, tenant_id, issuer || ' ' || audience || ' ' || subject as record_id
  from read_parquet('registry.parquet', file_row_number = true)
),

redacted as (
  select file_row_number as position, tenant_id, issuer || ' ' || audience || ' ' || subject as record_id
  from read_parquet('redacted_registry.parquet', file_row_number = true)
)

select distinct
  'identity_registry' as source, a.tenant_id as owner_id, a.record_id, r.tenant_id as shown_owner_id, r.record_id as shown_record_id
from as_read a
inner join redacted r on r.position = a.position
where a.tenant_id <> r.tenant_id or a.record_id <> r.record_id
order by a.tenant_id, a.record_id
