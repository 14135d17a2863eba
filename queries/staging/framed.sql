/*---
id: framed
title: Records as framing cut them out
description: |
  Reads a file of lines {"form","b","m","n","sha256","at","envelope","record"} that framing wrote. Records are kept as JSON
  until the staging file of their form reads them; nothing of this table is stored. Variables: raw_path, object_size.
---*/
create or replace temp table framed as
select
  form, b as batch_seq, m as member, n as record_number, sha256 as record_sha256, envelope, record,
  try_cast("at" as timestamptz) as retrieved_at
from read_json(
  getvariable('raw_path'),
  format = 'newline_delimited',
  maximum_object_size = getvariable('object_size'),
  columns = {form: 'VARCHAR', b: 'INTEGER', m: 'INTEGER', n: 'INTEGER', sha256: 'VARCHAR', "at": 'VARCHAR', envelope: 'JSON', record: 'JSON'}
);
