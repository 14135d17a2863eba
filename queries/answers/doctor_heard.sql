/*---
id: doctor_heard
title: Accounts, regions and clusters that were heard of
description: When each was last named by a CloudTrail record or an ECS event at or after an instant.
params:
  since_at: { type: timestamp, description: "At or after this instant" }
---*/
with events as (
  select account_id, aws_region, max(event_at) as last_seen_at
  from stg_events
  where event_at >= $since_at::timestamptz
  group by account_id, aws_region
),

task_events as (
  select account_id, aws_region, regexp_extract(cluster_arn, '[^/]+$') as cluster_name, event_at
  from stg_task_events
  where event_at >= $since_at::timestamptz
),

actions as (select cluster_name, event_at from stg_ecs_actions where event_at >= $since_at::timestamptz and cluster_name is not null),

heard as (
  select 'account' as kind, account_id as name, last_seen_at from events
  union all
  select 'region', aws_region, last_seen_at from events where aws_region is not null
  union all
  select 'account', account_id, event_at from task_events
  union all
  select 'region', aws_region, event_at from task_events where aws_region is not null
  union all
  select 'cluster', cluster_name, event_at from task_events where cluster_name <> ''
  union all
  select 'cluster', cluster_name, event_at from actions
)

select kind, name, max(last_seen_at) as last_seen_at
from heard
group by kind, name
order by kind, name
