/*---
id: application_logs
title: What applications logged of expired tokens, cleaned and typed
description: |
  One row a CloudWatch Logs event whose message holds STS's word on an expired token (aws.md §2), with the columns of
  `stg_application_logs` and `reject_reason`: null where the row goes in. Of several such words in one message the first counts.
  The time of the event is the writer's; the two times in the message are STS's own, in seconds. What else the line says is left
  in landing.
---*/
with parsed as (
  select batch_seq, member, record_number, record_sha256,
    nullif(envelope ->> '$.accountId', '') as account_id,
    nullif(envelope ->> '$.logGroup', '') as log_group,
    json_transform(record, '{"eventId": "VARCHAR", "id": "VARCHAR", "timestamp": "VARCHAR", "logStreamName": "VARCHAR", "message": "VARCHAR"}') as r
  from framed
  where form = 'application_log'
),

named as (
  select batch_seq, member, record_number, record_sha256, account_id, log_group,
    coalesce(nullif(trim(r."eventId"), ''), nullif(trim(r."id"), '')) as event_id,
    nullif(trim(r."timestamp"), '') as time_text,
    nullif(trim(r."logStreamName"), '') as log_stream,
    regexp_extract(
      r."message", 'Token expired: current date/time (\d{1,11}) must be before the expiration date/time (\d{1,11})', ['checked', 'expired']
    ) as said
  from parsed
),

typed as (
  select *,
    -- Milliseconds since the epoch, up to the year 5138.
    case when regexp_matches(time_text, '^\d{1,14}$') then make_timestamptz(try_cast(time_text as bigint) * 1000) end as event_at,
    make_timestamptz(try_cast(said.checked as bigint) * 1000000) as checked_at,
    make_timestamptz(try_cast(said.expired as bigint) * 1000000) as expired_at,
    -- awslogs names its streams prefix/container/<task id>; the id of today is 32 hex digits, of once a dashed UUID.
    lower(replace(regexp_extract(log_stream, '^.+/[^/]+/([0-9a-fA-F]{32}|[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12})$', 1), '-', '')) as task_id
  from named
)

select
  account_id,
  event_id,
  event_at,
  'expired_token' as kind,
  expired_at,
  checked_at,
  log_group,
  log_stream,
  case when task_id <> '' then account_id || '/' || task_id end as task_key,
  batch_seq,
  member,
  record_number,
  record_sha256,
  case
    when event_id is null then 'field eventId: expected the id of the log event, found none: export with filter-log-events, which gives it'
    when time_text is null then 'field timestamp: expected milliseconds since the epoch, found none'
    when event_at is null then 'field timestamp: expected milliseconds since the epoch, found "'
      || left(regexp_replace(time_text, '[\x00-\x1f\x7f"]', '?', 'g'), 60) || '"'
    when checked_at is null or expired_at is null then 'field message: expected STS''s word on an expired token, found none'
  end as reject_reason
from typed
order by batch_seq, member, record_number
