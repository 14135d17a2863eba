/*---
id: rpt_access_changes_rows
title: Changes of access, and activity after them
description: |
  Directory audit rows of the period that disable, delete, restore or revoke an identity, or change a group or role, one for each identity that
  they are about; with the sessions of that identity that were open then, and what these did afterwards. An audit names those it is about as targets: a
  group or role change names the member and the group. Audits that failed are listed as such. Activity: calls of the sessions, to the last one landed.
  Audits belong to a tenant: where accounts or teams are asked for, all are listed, beside the sessions of that scope.
key: [activity_at, activity_name, tenant_id, object_id, object_type, target_name]
params: { from: timestamptz, to: timestamptz }
controls: [soc2:CC6.2, soc2:CC6.3, iso27001:A.5.16, iso27001:A.5.18, iso27001:A.8.2]
---*/
with left_out as (select account_id, cluster_name, role_arn from report_left_out),

tasks as (select task_key, cluster_name from cor_task_launchers),

audits as (
  select tenant_id, audit_id, activity_at, activity_name, category, result, initiated_by_name, initiated_by_object_id, targets
  from stg_directory_audits
  where
    activity_at >= $from and activity_at < $to
    and (
      category in ('UserManagement', 'GroupManagement', 'RoleManagement', 'ApplicationManagement')
      or activity_name ilike '%disable%' or activity_name ilike '%revoke%' or activity_name ilike '%delete%'
    )
),

ends as (select tenant_id, object_id, audit_id, kind from cor_identity_ends),

about as (
  select
    a.tenant_id, a.audit_id, a.activity_at, a.activity_name, a.category, a.result, coalesce(a.initiated_by_name, a.initiated_by_object_id) as initiated_by,
    t.one.object_id as object_id, t.one.object_type as object_type, coalesce(t.one.user_principal_name, t.one.display_name) as target_name
  from audits a
  left join unnest(a.targets) as t (one) on true
),

sessions as (
  select s.session_id, s.who_tenant_id, s.who_object_id, s.opened_at, s.expires_at
  from cor_sessions s
  left join tasks t on t.task_key = s.upstream_task_key
  where
    s.who_object_id is not null
    and not exists (
      select 1 from left_out o
      where o.account_id = coalesce(s.account_id, '') and o.cluster_name = coalesce(t.cluster_name, '') and o.role_arn = coalesce(s.role_arn, '')
    )
),

uses as (
  select session_id, max(last_used_at) as last_used_at, sum(calls) as calls from cor_callers group by session_id
),

after_it as (
  select
    b.tenant_id, b.audit_id, b.object_id,
    count(*) filter (where s.opened_at <= b.activity_at and (s.expires_at is null or s.expires_at > b.activity_at)) as open_then,
    count(*) filter (where s.opened_at > b.activity_at) as opened_later,
    max(u.last_used_at) filter (where u.last_used_at > b.activity_at and s.opened_at <= b.activity_at) as last_used_after_at
  from about b
  inner join sessions s on s.who_tenant_id = b.tenant_id and s.who_object_id = b.object_id
  left join uses u on u.session_id = s.session_id
  group by b.tenant_id, b.audit_id, b.object_id
)

select
  b.activity_at, b.activity_name, b.result, coalesce(e.kind, 'other') as effect, b.object_type, b.target_name, b.object_id, b.initiated_by, b.tenant_id,
  coalesce(f.open_then, 0) as open_then, f.last_used_after_at, coalesce(f.opened_later, 0) as opened_later,
  [
    cast(
      row('audit', 'directory_audits', b.tenant_id, b.audit_id, b.activity_at)
      as row(hop varchar, source varchar, owner_id varchar, record_id varchar, record_at timestamptz)
    )
  ] as evidence
from about b
left join ends e on e.tenant_id = b.tenant_id and e.object_id = b.object_id and e.audit_id = b.audit_id
left join after_it f on f.tenant_id = b.tenant_id and f.audit_id = b.audit_id and f.object_id = b.object_id
order by b.activity_at, b.tenant_id, b.audit_id, b.object_id nulls last, b.object_type nulls last
