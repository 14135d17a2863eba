/*---
id: task_events
title: ECS task state changes, cleaned and typed
description: |
  One row an `ECS Task State Change` event, with the columns of `stg_task_events` and `reject_reason`: null where the row
  goes in. The record is the whole EventBridge envelope. Repeats are kept out later, by task and `detail.version`.
---*/
with parsed as (
  select batch_seq, member, record_number, record_sha256,
    envelope ->> '$.carrier' as carrier,
    json_transform(record, '{
      "id": "VARCHAR", "detail-type": "VARCHAR", "account": "VARCHAR", "time": "VARCHAR", "region": "VARCHAR",
      "detail": {
        "taskArn": "VARCHAR", "clusterArn": "VARCHAR", "taskDefinitionArn": "VARCHAR", "version": "VARCHAR",
        "lastStatus": "VARCHAR", "desiredStatus": "VARCHAR", "launchType": "VARCHAR", "startedBy": "VARCHAR", "group": "VARCHAR",
        "createdAt": "VARCHAR", "startedAt": "VARCHAR", "stoppedAt": "VARCHAR", "stopCode": "VARCHAR", "stoppedReason": "VARCHAR",
        "attachments": [{"details": [{"name": "VARCHAR", "value": "VARCHAR"}]}],
        "containers": [{"networkInterfaces": [{"privateIpv4Address": "VARCHAR", "ipv6Address": "VARCHAR"}]}]}}') as r
  from framed
  where form = 'ecs_events'
),

named as (
  select batch_seq, member, record_number, record_sha256, carrier,
    nullif(trim(r."id"), '') as event_id,
    nullif(trim(r."account"), '') as envelope_account_id,
    nullif(trim(r."time"), '') as event_text,
    nullif(trim(r."region"), '') as aws_region,
    nullif(trim(r."detail"."taskArn"), '') as task_arn,
    r."detail" as d
  from parsed
  where r."detail-type" = 'ECS Task State Change'
),

-- arn:aws:ecs:<region>:<account>:task/[<cluster>/]<task id>: the cluster stands there since 2018.
typed as (
  select batch_seq, member, record_number, record_sha256, carrier, event_id, event_text, aws_region, task_arn, d,
    coalesce(
      envelope_account_id,
      nullif(regexp_extract(task_arn, '^arn:[^:]+:ecs:[^:]*:(\d{12}):', 1), '')
    ) as account_id,
    lower(replace(regexp_extract(task_arn, '^arn:[^:]+:ecs:[^:]*:[^:]*:task/(?:[^/]+/)?([0-9A-Za-z-]+)$', 1), '-', '')) as task_id,
    -- Every time that is there has to be one: a reject names the first that is not.
    list_transform(
      [struct_pack(field := 'time', text := event_text),
        struct_pack(field := 'detail.createdAt', text := nullif(trim(d."createdAt"), '')),
        struct_pack(field := 'detail.startedAt', text := nullif(trim(d."startedAt"), '')),
        struct_pack(field := 'detail.stoppedAt', text := nullif(trim(d."stoppedAt"), ''))],
      lambda t: struct_pack(
        field := t.field,
        text := t.text,
        at := case when regexp_matches(t.text, '^\d{4}-\d{2}-\d{2}[T ]\d{2}:') then try_cast(t.text as timestamptz) end)
    ) as times
  from named
),

checked as (
  select *,
    list_filter(times, lambda t: t.text is not null and t.at is null)[1] as bad_time,
    nullif(trim(d."version"), '') as version_text,
    try_cast(nullif(trim(d."version"), '') as bigint) as task_version
  from typed
)

select
  account_id,
  event_id,
  times[1].at as event_at,
  account_id || '/' || task_id as task_key,
  task_arn,
  nullif(trim(d."clusterArn"), '') as cluster_arn,
  nullif(trim(d."taskDefinitionArn"), '') as task_definition_arn,
  task_version,
  nullif(trim(d."lastStatus"), '') as last_status,
  nullif(trim(d."desiredStatus"), '') as desired_status,
  nullif(trim(d."launchType"), '') as launch_type,
  nullif(trim(d."startedBy"), '') as started_by,
  nullif(trim(d."group"), '') as task_group,
  times[2].at as created_at,
  times[3].at as started_at,
  times[4].at as stopped_at,
  nullif(trim(d."stopCode"), '') as stop_code,
  nullif(trim(d."stoppedReason"), '') as stopped_reason,
  list_sort(list_distinct(list_filter(
    list_concat(
      list_transform(
        list_filter(flatten(list_transform(coalesce(d."attachments", []), lambda a: coalesce(a."details", []))), lambda n: n."name" in ('privateIPv4Address', 'privateIPv6Address')),
        lambda n: n."value"),
      flatten(list_transform(
        flatten(list_transform(coalesce(d."containers", []), lambda c: coalesce(c."networkInterfaces", []))),
        lambda n: [n."privateIpv4Address", n."ipv6Address"]))),
    lambda a: a is not null and a <> ''))) as private_addresses,
  aws_region,
  case when carrier = 'logs' then 2 else 3 end::utinyint as source_rank,
  batch_seq,
  member,
  record_number,
  record_sha256,
  case
    when event_id is null then 'field id: expected the id of the event, found none'
    when event_text is null then 'field time: expected a time, found none'
    when bad_time is not null then 'field ' || bad_time.field || ': expected a time, found "'
      || left(regexp_replace(bad_time.text, '[\x00-\x1f\x7f"]', '?', 'g'), 60) || '"'
    when task_arn is null then 'field detail.taskArn: expected the ARN of the task, found none'
    when task_id is null or task_id = '' then 'field detail.taskArn: expected the ARN of a task, found "'
      || left(regexp_replace(task_arn, '[\x00-\x1f\x7f"]', '?', 'g'), 60) || '"'
    when account_id is null then 'field account: expected the account of the event, found none'
    when version_text is not null and task_version is null then 'field detail.version: expected a whole number, found "'
      || left(regexp_replace(version_text, '[\x00-\x1f\x7f"]', '?', 'g'), 60) || '"'
  end as reject_reason
from checked
order by batch_seq, member, record_number
