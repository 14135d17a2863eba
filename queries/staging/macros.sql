/*---
id: macros
title: Words that staging uses
description: |
  Stored in the state file, so that readers have them too.
---*/

-- An access key id that a join may rest on: nothing masked, no constant (tables.sql, `caller_key`).
create or replace macro usable_access_key(id) as
  regexp_full_match(id, 'A[A-Z]{3}[A-Z0-9]{12,124}') and substr(id, 5, length(id) - 5) <> substr(id, 6);

-- An id that a join may rest on: not empty, nothing masked (tables.sql, `caller_key`).
create or replace macro unmasked(id) as
  case when id <> '' and not contains(id, '*') and id <> 'HIDDEN_DUE_TO_SECURITY_REASONS' then id end;

-- A value from a record as a reject shows it: quoted, control characters out, cut at 60, and nothing long enough to be a
-- session token that stands in the wrong place.
create or replace macro shown(value) as
  regexp_replace(regexp_replace(value, '[\w+/=%\\-]{40,}', '…', 'g'), '[\x00-\x1f\x7f]', '?', 'g');
create or replace macro found(value) as
  case
    when value is null or value = '' then 'nothing'
    else '"' || left(shown(value), 60) || case when length(shown(value)) > 60 then '…' else '' end || '"'
  end;

-- STS writes expirations as locale text in UTC, in two spellings, with any Unicode space before AM or PM (aws.md 1.1):
-- Nov 29, 2018 4:31:59 AM and Apr 16, 2025, 3:46:56 AM. ISO 8601 is accepted too.
create or replace macro locale_time(value) as
  coalesce(
    timezone('UTC', try_strptime(
      regexp_replace(regexp_replace(value, '[\s\p{Z}]+', ' ', 'g'), '^ ?(\w+ \d+), (\d{4}),? ', '\1 \2 '),
      '%b %-d %Y %-I:%M:%S %p')),
    try_cast(value as timestamptz));

-- The narrow key that point lookups and de-duplication read instead of the id itself. DuckDB's own hash: a version whose
-- hash differs is a schema version of its own (src/store/manifest.ts).
create or replace macro event_id_hash(id) as (hash(id) & 4294967295)::uinteger;

-- The form of a record by its source_rank (RULINGS 20).
create or replace macro form_of_rank(source_rank) as
  case source_rank
    when 1 then 'cloudtrail_object'
    when 2 then 'cloudtrail_logs'
    when 3 then 'cloudtrail_eventbridge'
    when 4 then 'cloudtrail_lookup'
    else 'cloudtrail_lines'
  end;

-- What follows the last slash of an ARN, or the name itself.
create or replace macro last_segment(name) as nullif(split_part(name, '/', -1), '');

-- A task's key from its ARN or id (tables.sql, `task_key`).
create or replace macro task_key_of(account, task) as account || '/' || lower(replace(last_segment(task), '-', ''));

-- Principal tags as a map with keys in lower case; null where there are none. AWS compares tag keys without case, so a
-- second spelling of one key can only be forged: the first in alphabetical order stays.
create or replace macro tag_map(tags) as (
  select case when len(entries) > 0 then map_from_entries(entries) end
  from (
    select list_filter(sorted, lambda e, i: i = 1 or e.k <> sorted[i - 1].k) as entries
    from (
      select list_sort(list_transform(map_entries(try(tags::map(varchar, varchar))), lambda e: {k: lower(e.key), v: e.value})) as sorted
    )
  )
);
