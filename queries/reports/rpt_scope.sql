/*---
id: rpt_scope
title: What is in scope, and what is left out
description: |
  Things of the period, whether or not this report lists each kind of them: all, those in scope, and those that the asked accounts and teams leave out. In
  scope + out of scope + not assignable = in the period. Not assignable: it has no account, or no team of the configuration fits, so that nobody can say
  whether it was asked for. An action or task belongs to its account, its cluster and the role of the session that made or launched it; a session, and with
  it its sign-in, to its account, its role and the cluster of its task; a finding to those of its subject. What belongs to a tenant or to the whole
  data folder is never left out.
key: [what]
params: { from: timestamptz, to: timestamptz }
controls: [soc2:PI1.4]
---*/
with left_out as (select account_id, cluster_name, role_arn, standing from report_left_out),

tasks_of as (select task_key, cluster_name from cor_task_launchers),

things as (
  select case kind when 'action' then 1 else 2 end as position, account_id, cluster_name, role_arn
  from cor_population p
  where p.at >= $from and p.at < $to
  union all
  select 3, s.account_id, t.cluster_name, s.role_arn
  from cor_sessions s
  left join tasks_of t on t.task_key = s.upstream_task_key
  where s.session_kind in ('web_identity', 'saml') and s.is_issued and s.opened_at >= $from and s.opened_at < $to
  union all
  select 4, s.account_id, t.cluster_name, s.role_arn
  from cor_sessions s
  left join tasks_of t on t.task_key = s.upstream_task_key
  where s.is_issued and s.opened_at >= $from and s.opened_at < $to
  union all
  select 5, account_id, cluster_name, role_arn from finding_life where occurred_at >= $from and occurred_at < $to
  union all
  select 6, account_id, null, null from stg_application_logs where event_at >= $from and event_at < $to
),

stood as (
  select t.position, coalesce(o.standing, 'in scope') as standing
  from things t
  left join left_out o
    on o.account_id = coalesce(t.account_id, '') and o.cluster_name = coalesce(t.cluster_name, '') and o.role_arn = coalesce(t.role_arn, '')
),

kinds as (
  select position, what, note
  from (
    values
      (1, 'ECS actions that change something', ''),
      (2, 'tasks', ''),
      (3, 'federated sessions, each with its sign-in', ''),
      (4, 'sessions of every kind', ''),
      (5, 'findings', 'Findings about an identity, a source or the data folder have no account.'),
      (6, 'refusals of expired tokens in application logs', 'They name an account, and neither a cluster nor a role.')
  ) as k (position, what, note)
),

counted as (
  select
    k.position, k.what, count(s.standing) as in_period, count(s.standing) filter (where s.standing = 'in scope') as in_scope,
    count(s.standing) filter (where s.standing = 'out of scope') as out_of_scope,
    count(s.standing) filter (where s.standing = 'not assignable') as not_assignable, k.note as scope_note
  from kinds k
  left join stood s on s.position = k.position
  group by k.position, k.what, k.note
  union all
  select
    7, 'directory audits', count(*), count(*), 0, 0, 'They belong to a tenant: all are listed, whatever is asked for. The sessions counted beside them are those in scope.'
  from stg_directory_audits
  where activity_at >= $from and activity_at < $to
  union all
  select 8, 'sources, deliveries, gaps, digests and clocks', null, null, null, null, 'They are of the whole data folder, whatever is asked for.'
)

select what, in_period, in_scope, out_of_scope, not_assignable, scope_note
from counted
order by position
