/*---
id: people_deciding
title: Who decided about findings
description: The names under which people decided about findings or were given them, as the journal has them; like `people`, for `--redact people`.
---*/
with names as (
  select decided_by as name from finding_life
  union
  select assignee from finding_life
  union
  select suppressed_by from finding_life
)

select
  'name/' || lower(name) as person, 'name' as kind, name,
  ['finding_life.assignee', 'finding_life.decided_by', 'finding_life.suppressed_by'] as columns
from names
where name is not null and trim(name) <> ''
order by name
