/*---
id: rpt_token_expiry_long_tasks
title: Tasks that outlived the session that started them
description: |
  Tasks of the period that ran on after the session that launched them had expired, the longest first. That is normal: a task has credentials of its own
  role, which ECS renews. It is listed since whoever ended the person's access has not ended these. A task without a known end is counted to the end of
  what the sources cover.
key: [account_id, id]
params: { from: timestamptz, to: timestamptz }
controls: [soc2:CC6.2, soc2:CC6.3, iso27001:A.5.18]
---*/
with left_out as (select account_id, cluster_name, role_arn from report_left_out),

tasks as (
  select task_key, task_arn, account_id, cluster_name, task_at, stopped_at, launch_account_id, launch_event_id, launcher_session_id, who_name, who_tenant_id, who_object_id, how
  from cor_tasks t
  where
    task_at >= $from and task_at < $to and how = 'ran'
    and not exists (
      select 1 from left_out o
      where o.account_id = coalesce(t.account_id, '') and o.cluster_name = coalesce(t.cluster_name, '') and o.role_arn = coalesce(t.launcher_role_arn, '')
    )
),

sessions as (select session_id, expires_at from cor_sessions where expires_at is not null),

identities as (select tenant_id, object_id, name from cor_identities),

clock as (select max(complete_through) as covered_through from stg_sources)

select
  t.task_at, coalesce(t.task_arn, split_part(t.task_key, '/', 2)) as id, t.account_id, t.cluster_name as cluster,
  coalesce(t.who_name, i.name, t.who_object_id) as who, t.launcher_session_id as session_id, s.expires_at, t.stopped_at,
  t.stopped_at is null as is_end_unknown,
  date_diff('millisecond', s.expires_at, coalesce(t.stopped_at, c.covered_through)) / 1000.0 as outlived_seconds,
  case
    when t.launch_event_id is null then []
    else [
      cast(
        row('task', 'cloudtrail', t.launch_account_id, t.launch_event_id, t.task_at)
        as row(hop varchar, source varchar, owner_id varchar, record_id varchar, record_at timestamptz)
      )
    ]
  end as evidence
from tasks t
inner join sessions s on s.session_id = t.launcher_session_id
left join identities i on i.tenant_id = t.who_tenant_id and i.object_id = t.who_object_id
cross join clock c
where coalesce(t.stopped_at, c.covered_through) > s.expires_at
order by outlived_seconds desc, id
