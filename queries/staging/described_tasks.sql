/*---
id: described_tasks
title: Tasks as ECS describes them, cleaned and typed
description: |
  One row a task of DescribeTasks, with the columns of `stg_task_events` and `reject_reason`: null where the row goes in.
  DescribeTasks tells the state that a state change tells, under the same version, and no time of its own: `event_at` is the
  latest time in it. Times are seconds since the epoch, as the API gives them, or RFC 3339, as the AWS CLI prints them. A state
  change of the same version ranks before it.
---*/
with parsed as (
  select batch_seq, member, record_number, record_sha256,
    json_transform(record, '{
      "taskArn": "VARCHAR", "clusterArn": "VARCHAR", "taskDefinitionArn": "VARCHAR", "version": "VARCHAR",
      "lastStatus": "VARCHAR", "desiredStatus": "VARCHAR", "launchType": "VARCHAR", "startedBy": "VARCHAR", "group": "VARCHAR",
      "createdAt": "VARCHAR", "pullStartedAt": "VARCHAR", "pullStoppedAt": "VARCHAR", "startedAt": "VARCHAR", "stoppingAt": "VARCHAR",
      "executionStoppedAt": "VARCHAR", "stoppedAt": "VARCHAR", "connectivityAt": "VARCHAR",
      "stopCode": "VARCHAR", "stoppedReason": "VARCHAR",
      "attachments": [{"details": [{"name": "VARCHAR", "value": "VARCHAR"}]}],
      "containers": [{"networkInterfaces": [{"privateIpv4Address": "VARCHAR", "ipv6Address": "VARCHAR"}]}]}') as d
  from framed
  where form = 'ecs_describe_tasks'
),

named as (
  select batch_seq, member, record_number, record_sha256, d,
    nullif(trim(d."taskArn"), '') as task_arn,
    nullif(trim(d."version"), '') as version_text,
    [struct_pack(field := 'createdAt', text := nullif(trim(d."createdAt"), '')),
      struct_pack(field := 'startedAt', text := nullif(trim(d."startedAt"), '')),
      struct_pack(field := 'stoppedAt', text := nullif(trim(d."stoppedAt"), '')),
      struct_pack(field := 'pullStartedAt', text := nullif(trim(d."pullStartedAt"), '')),
      struct_pack(field := 'pullStoppedAt', text := nullif(trim(d."pullStoppedAt"), '')),
      struct_pack(field := 'stoppingAt', text := nullif(trim(d."stoppingAt"), '')),
      struct_pack(field := 'executionStoppedAt', text := nullif(trim(d."executionStoppedAt"), '')),
      struct_pack(field := 'connectivityAt', text := nullif(trim(d."connectivityAt"), ''))] as texts
  from parsed
),

typed as (
  select batch_seq, member, record_number, record_sha256, d, task_arn, version_text,
    nullif(regexp_extract(task_arn, '^arn:[^:]+:ecs:[^:]*:(\d{12}):', 1), '') as account_id,
    nullif(regexp_extract(task_arn, '^arn:[^:]+:ecs:([^:]*):', 1), '') as aws_region,
    lower(replace(regexp_extract(task_arn, '^arn:[^:]+:ecs:[^:]*:[^:]*:task/(?:[^/]+/)?([0-9A-Za-z-]+)$', 1), '-', '')) as task_id,
    try_cast(version_text as bigint) as task_version,
    list_transform(texts, lambda t: struct_pack(
      field := t.field,
      text := t.text,
      at := case
        when regexp_matches(t.text, '^\d{4}-\d{2}-\d{2}[T ]\d{2}:') then try_cast(t.text as timestamptz)
        -- Seconds: at most 11 digits before the point, exponents as Java writes them (1.768467900123E9).
        when try_cast(t.text as double) between 0 and 99999999999
          then make_timestamptz((try_cast(t.text as decimal(20, 6)) * 1000000)::bigint)
      end)) as times
  from named
),

checked as (
  select *,
    list_filter(times, lambda t: t.text is not null and t.at is null)[1] as bad_time,
    list_max(list_filter(list_transform(times, lambda t: t.at), lambda a: a is not null)) as latest_at
  from typed
)

select
  account_id,
  'describe:' || task_arn || ':' || coalesce(version_text, '') as event_id,
  latest_at as event_at,
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
  times[1].at as created_at,
  times[2].at as started_at,
  times[3].at as stopped_at,
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
  4::utinyint as source_rank,
  batch_seq,
  member,
  record_number,
  record_sha256,
  case
    when bad_time is not null then 'field ' || bad_time.field || ': expected a time, found "'
      || left(regexp_replace(bad_time.text, '[\x00-\x1f\x7f"]', '?', 'g'), 60) || '"'
    when task_arn is null then 'field taskArn: expected the ARN of the task, found none'
    when task_id is null or task_id = '' or account_id is null then 'field taskArn: expected the ARN of a task, found "'
      || left(regexp_replace(task_arn, '[\x00-\x1f\x7f"]', '?', 'g'), 60) || '"'
    when version_text is not null and task_version is null then 'field version: expected a whole number, found "'
      || left(regexp_replace(version_text, '[\x00-\x1f\x7f"]', '?', 'g'), 60) || '"'
    when latest_at is null then 'field createdAt: expected a time, found none'
  end as reject_reason
from checked
order by batch_seq, member, record_number
