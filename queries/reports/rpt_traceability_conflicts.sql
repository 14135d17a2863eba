/*---
id: rpt_traceability_conflicts
title: Sessions whose evidence names different people
description: |
  Sessions that were opened in the period, or stand behind its actions and tasks, where two methods name different
  identities. The strongest method decides the answer; the disagreement is shown because somebody chose a field to mislead, or
  a mapping is wrong.
key: [session_id]
params: { from: timestamptz, to: timestamptz }
controls: [soc2:CC7.2, soc2:CC7.3]
---*/
with left_out as (select account_id, cluster_name, role_arn from report_left_out),

sessions as (
  select
    session_id, opened_at, account_id, role_arn, session_arn, upstream_task_key, who_kind, who_tenant_id, who_object_id, who_name, who_subject, identity_method,
    conflicts
  from cor_sessions
  where conflicts is not null
),

-- Of those that were opened in the period: a session belongs where its role and its task do.
opened as (
  select s.session_id
  from sessions s
  left join cor_task_launchers t on t.task_key = s.upstream_task_key
  where
    s.opened_at >= $from and s.opened_at < $to
    and not exists (
      select 1 from left_out o
      where o.account_id = coalesce(s.account_id, '') and o.cluster_name = coalesce(t.cluster_name, '') and o.role_arn = coalesce(s.role_arn, '')
    )
),

behind as (
  select session_id, count(*) as population
  from cor_population p
  where
    p.at >= $from and p.at < $to
    and not exists (
      select 1 from left_out o
      where o.account_id = coalesce(p.account_id, '') and o.cluster_name = coalesce(p.cluster_name, '') and o.role_arn = coalesce(p.role_arn, '')
    )
  group by session_id
),

identities as (select tenant_id, object_id, name from cor_identities)

select
  s.opened_at, s.session_id, coalesce(s.session_arn, s.role_arn) as session_arn,
  coalesce(s.who_name, i.name, s.who_object_id, s.who_subject) as who, s.who_kind, s.who_object_id,
  s.identity_method as method, s.conflicts, coalesce(b.population, 0) as population
from sessions s
left join behind b on b.session_id = s.session_id
left join opened n on n.session_id = s.session_id
left join identities i on i.tenant_id = s.who_tenant_id and i.object_id = s.who_object_id
where n.session_id is not null or b.session_id is not null
order by s.opened_at nulls last, s.session_id
