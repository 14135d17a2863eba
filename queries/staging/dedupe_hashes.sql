/*---
id: dedupe_hashes
title: Which records of the chunk may be known already
description: |
  Narrow hashes of event ids that occur twice in the chunk, or wait for Parquet, or are stored in the Parquet files of the
  days that the chunk touches (`stored_events`), or that an addendum names. Nearly always empty, and read from one
  narrow column: what it costs doesn't grow with what is stored on other days. A copy of a record has its time (CloudTrail
  gives all of them one eventTime), so copies are looked for within the day.
---*/
create or replace temp table dedupe_hashes as
with incoming as (
  select event_id_hash
  from cloudtrail_chunk
  where reject_reason is null and not is_set_aside and not is_addendum
),

twice as (
  select event_id_hash from incoming group by event_id_hash having count(*) > 1
),

waiting as (
  select event_id_hash from stage_events where event_id_hash in (select event_id_hash from incoming)
),

stored as (
  select event_id_hash from stored_events where event_id_hash in (select event_id_hash from incoming)
),

amended as (
  select event_id_hash(original_event_id) as event_id_hash
  from stg_addenda
  where event_id_hash(original_event_id) in (select event_id_hash from incoming)
)

select event_id_hash from twice
union
select event_id_hash from waiting
union
select event_id_hash from stored
union
select event_id_hash from amended;
