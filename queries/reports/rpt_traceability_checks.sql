/*---
id: rpt_traceability_checks
title: Do the numbers add up?
description: |
  Counts taken two ways. Expected is counted from the staged records and tasks themselves, found from the rows that this
  report lists.
key: [what]
params: { from: timestamptz, to: timestamptz }
controls: [soc2:PI1.4]
---*/
with left_out as (select account_id, cluster_name, role_arn from report_left_out),

population as (
  select kind, id, account_id, outcome
  from cor_population p
  where
    p.at >= $from and p.at < $to
    and not exists (
      select 1 from left_out o
      where o.account_id = coalesce(p.account_id, '') and o.cluster_name = coalesce(p.cluster_name, '') and o.role_arn = coalesce(p.role_arn, '')
    )
),

changing_calls as (
  select account_id, event_id
  from cor_ecs_actions a
  where
    event_at >= $from and event_at < $to and error_code is null and not is_read_only
    and event_name not in (
      'SubmitTaskStateChange', 'SubmitContainerStateChange', 'SubmitAttachmentStateChanges', 'DiscoverPollEndpoint', 'Poll',
      'StartTelemetrySession', 'RegisterContainerInstance', 'DeregisterContainerInstance', 'UpdateContainerInstancesState',
      'UpdateContainerAgent'
    )
    and not exists (
      select 1 from left_out o
      where o.account_id = coalesce(a.account_id, '') and o.cluster_name = coalesce(a.cluster_name, '') and o.role_arn = coalesce(a.role_arn, '')
    )
),

tasks as (
  select task_key
  from cor_tasks t
  where
    task_at >= $from and task_at < $to
    and not exists (
      select 1 from left_out o
      where o.account_id = coalesce(t.account_id, '') and o.cluster_name = coalesce(t.cluster_name, '') and o.role_arn = coalesce(t.launcher_role_arn, '')
    )
),

deliveries as (
  select records_read, records_new, records_repeated, records_rejected, records_set_aside from stg_deliveries
),

listed_once as (select distinct kind, account_id, id from population),

compared as (
  select
    1 as position, 'every ECS action that changes something is listed' as what,
    (select count(*) from (select distinct account_id, event_id from changing_calls)) as expected,
    (select count(*) from listed_once where kind = 'action') as found
  union all
  select
    2, 'every task is listed', (select count(distinct task_key) from tasks),
    (select count(*) from listed_once where kind = 'task')
  union all
  select 3, 'each is listed once', (select count(*) from listed_once), (select count(*) from population)
  union all
  select
    4, 'population = traced + configured + not traced + not yet due', (select count(*) from population),
    (select count(*) from population where outcome in ('traced', 'configured', 'not_traced', 'not_yet_due'))
  union all
  select
    5, 'records read = new + repeated + rejected + set aside', (select coalesce(sum(records_read), 0) from deliveries),
    (select coalesce(sum(records_new + records_repeated + records_rejected + records_set_aside), 0) from deliveries)
)

select
  what, cast(expected as bigint) as expected, cast(found as bigint) as found,
  case when expected = found then 'yes' else 'NO' end as holds
from compared
order by position
