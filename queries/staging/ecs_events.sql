/*---
id: ecs_events
title: ECS events other than task state changes, cleaned and typed
description: |
  One row an EventBridge event of aws.ecs that is no task state change (service action, deployment, container instance),
  with the columns of `stg_ecs_events` and `reject_reason`: null where the row goes in. The record is the whole envelope.
---*/
with parsed as (
  select batch_seq, member, record_number, record_sha256,
    envelope ->> '$.carrier' as carrier,
    json_transform(record, '{
      "id": "VARCHAR", "detail-type": "VARCHAR", "account": "VARCHAR", "time": "VARCHAR", "region": "VARCHAR", "resources": ["VARCHAR"],
      "detail": {"eventName": "VARCHAR", "deploymentId": "VARCHAR", "clusterArn": "VARCHAR"}}') as r
  from framed
  where form = 'ecs_events'
),

named as (
  select batch_seq, member, record_number, record_sha256, carrier,
    nullif(trim(r."account"), '') as account_id,
    nullif(trim(r."id"), '') as event_id,
    nullif(trim(r."time"), '') as event_text,
    nullif(trim(r."detail-type"), '') as detail_type,
    nullif(trim(r."detail"."eventName"), '') as event_name,
    nullif(trim(r."detail"."deploymentId"), '') as deployment_id,
    list_filter(coalesce(r."resources", []), lambda a: regexp_matches(a, '^arn:[^:]+:ecs:[^:]*:[^:]*:service/'))[1] as service_arn,
    nullif(trim(r."detail"."clusterArn"), '') as cluster_arn,
    nullif(trim(r."region"), '') as aws_region
  from parsed
  where r."detail-type" is distinct from 'ECS Task State Change'
),

typed as (
  select *,
    case when regexp_matches(event_text, '^\d{4}-\d{2}-\d{2}[T ]\d{2}:') then try_cast(event_text as timestamptz) end as event_at
  from named
)

select
  account_id,
  event_id,
  event_at,
  detail_type,
  event_name,
  deployment_id,
  service_arn,
  cluster_arn,
  aws_region,
  case when carrier = 'logs' then 2 else 3 end::utinyint as source_rank,
  batch_seq,
  member,
  record_number,
  record_sha256,
  case
    when event_id is null then 'field id: expected the id of the event, found none'
    when event_text is null then 'field time: expected a time, found none'
    when event_at is null then 'field time: expected a time, found "' || left(regexp_replace(event_text, '[\x00-\x1f\x7f"]', '?', 'g'), 60) || '"'
    when account_id is null then 'field account: expected the account of the event, found none'
    when detail_type is null then 'field detail-type: expected the kind of the event, found none'
  end as reject_reason
from typed
order by batch_seq, member, record_number
