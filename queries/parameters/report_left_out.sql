/*---
id: report_left_out
title: What a report's scope leaves out
description: |
  One row for each place that is not in scope. A place is an account, a cluster and a role, as ECS actions, tasks, sessions and findings have them; what
  one lacks is an empty text here. Reports leave out what belongs to one of these places, and count it. The team is the first of the configuration that
  fits, as for a finding: of each kind of thing that a team names, the place has one. Standing: out of scope, or not assignable (it has no account, or
  no team fits, so that nobody can say whether it is asked for). Empty where neither accounts nor teams are asked for.
params:
  accounts: { type: "varchar[]", description: "Account ids that are asked for; none: all" }
  teams: { type: "varchar[]", description: "Teams that are asked for; none: all" }
---*/
with actions as (
  select account_id, cluster_name, role_arn from cor_ecs_actions
),

tasks as (select account_id, cluster_name, launcher_role_arn as role_arn from cor_tasks),

sessions as (
  select s.account_id, t.cluster_name, s.role_arn
  from cor_sessions s
  left join cor_task_launchers t on t.task_key = s.upstream_task_key
),

refusals as (select account_id, cast(null as varchar) as cluster_name, cast(null as varchar) as role_arn from stg_application_logs),

found as (select account_id, cluster_name, role_arn from finding_life),

mentioned as (
  select account_id, cluster_name, role_arn from actions
  union
  select account_id, cluster_name, role_arn from tasks
  union
  select account_id, cluster_name, role_arn from sessions
  union
  select account_id, cluster_name, role_arn from refusals
  union
  select account_id, cluster_name, role_arn from found
),

places as (
  select distinct coalesce(account_id, '') as account_id, coalesce(cluster_name, '') as cluster_name, coalesce(role_arn, '') as role_arn
  from mentioned
),

named as (select place, team, kind, name from cfg_teams),

team_fits as (
  select
    p.account_id, p.cluster_name, p.role_arn, n.place, n.team,
    bool_or(
      (n.kind = 'account' and n.name = p.account_id) or (n.kind = 'cluster' and n.name = p.cluster_name)
      or (n.kind = 'role' and (n.name = p.role_arn or ends_with(p.role_arn, '/' || n.name)))
    ) as fits
  from places p
  cross join named n
  group by p.account_id, p.cluster_name, p.role_arn, n.place, n.team, n.kind
),

team_answers as (
  select account_id, cluster_name, role_arn, place, team
  from team_fits
  group by account_id, cluster_name, role_arn, place, team
  having bool_and(fits)
),

teams as (
  select account_id, cluster_name, role_arn, min_by(team, place) as team
  from team_answers
  group by account_id, cluster_name, role_arn
),

stood as (
  select
    p.account_id, p.cluster_name, p.role_arn, t.team,
    case
      when len($accounts) > 0 and p.account_id <> '' and not list_contains($accounts, p.account_id) then 'out of scope'
      when len($teams) > 0 and t.team is not null and not list_contains($teams, t.team) then 'out of scope'
      when (len($accounts) > 0 and p.account_id = '') or (len($teams) > 0 and t.team is null) then 'not assignable'
      else 'in scope'
    end as standing
  from places p
  left join teams t on t.account_id = p.account_id and t.cluster_name = p.cluster_name and t.role_arn = p.role_arn
)

select account_id, cluster_name, role_arn, team, standing
from stood
where standing <> 'in scope'
order by account_id, cluster_name, role_arn
