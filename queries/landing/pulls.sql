/*---
id: pulls
title: The steps in which live sources were pulled, as the log of pulls tells them
description: |
  One row a line of landing's pulls.jsonl, for reports that look for stretches which nobody asked for.
params:
  path: { type: text, description: "Of landing/pulls.jsonl" }
  last_seq: { type: integer, description: "Of the last line that is whole" }
---*/
select seq, "at" as pulled_at, source, stream, window_from, window_to, complete_through, delivered, landed, bytes
from read_json(
  $path,
  format = 'newline_delimited', ignore_errors = true,
  columns = {
    seq: 'BIGINT', "at": 'TIMESTAMPTZ', source: 'VARCHAR', stream: 'VARCHAR', window_from: 'TIMESTAMPTZ', window_to: 'TIMESTAMPTZ',
    complete_through: 'TIMESTAMPTZ', delivered: 'BIGINT', landed: 'BIGINT', bytes: 'BIGINT'
  }
)
where seq <= $last_seq
order by seq
