/*---
id: people
title: What names a person, and where
description: |
  The declared list that `--redact people` goes by: each value that names a person, the person, the kind of name, and the columns (`relation.column`) that
  hold such values whole. People are those whom Entra's user sign-ins, its directory, the registry or a session names, IAM users, and whoever stands behind a
  session that nothing resolves: a name of unknown origin may be a person's. Service principals, managed identities, agents, roles, tasks, accounts and AWS
  services stay. `person` is `entra/<tenant>/<object id>`, `iam/<account>/<user>`, or `name/<value>` where there is only a name. An `address` is one that a person
  signed in or called from.
---*/
with services as (
  select tenant_id, object_id from cor_identities where kind <> 'person'
),

known as (
  select tenant_id, object_id from cor_identities where kind = 'person'
  union
  select d.tenant_id, d.object_id
  from stg_directory_objects d
  where d.kind = 'person'
    and not exists (select 1 from services s where s.tenant_id = d.tenant_id and s.object_id = d.object_id)
),

user_sign_ins as (
  select
    coalesce('entra/' || g.tenant_id || '/' || coalesce(g.object_id, g.user_id), 'name/' || lower(coalesce(g.user_principal_name, g.display_name))) as person,
    g.object_id, g.user_id, g.user_principal_name, g.display_name, g.ip_address
  from stg_sign_ins g
  where g.sign_in_kind in ('interactive_user', 'non_interactive_user')
    and not exists (select 1 from services s where s.tenant_id = g.tenant_id and s.object_id = g.object_id)
),

-- Tasks' and services' own sessions are named after tasks and services.
sessions as (
  select
    case
      when s.who_kind = 'person' and s.who_object_id is not null then 'entra/' || coalesce(s.who_tenant_id, '') || '/' || s.who_object_id
      when s.who_kind = 'iam_user' then 'iam/' || coalesce(s.account_id, '') || '/' || coalesce(s.who_name, s.session_id)
    end as person,
    s.session_id, s.session_kind, s.who_kind, s.role_session_name, s.source_identity, s.subject, s.who_object_id, s.who_subject, s.who_name, s.source_ip
  from cor_sessions s
  where s.session_kind not in ('task_role', 'service_role', 'aws_service') and s.who_kind in ('person', 'iam_user', 'unknown')
),

callers as (
  select
    c.caller_key, c.identity_type, c.identity_user_name, c.principal_id, c.source_identity, s.who_kind,
    case when c.identity_type = 'IAMUser' then 'iam/' || coalesce(c.account_id, '') || '/' || coalesce(c.identity_user_name, c.principal_id) else s.person end as person
  from cor_callers c
  inner join sessions s on s.session_id = c.session_id
),

tags as (
  select s.person, unnest(map_entries(r.principal_tags)) as tag
  from stg_sts_requests r
  inner join callers c on c.caller_key = coalesce(r.issued_key_id, r.caller_key)
  inner join sessions s on s.session_id = coalesce(r.issued_key_id, c.caller_key)
  where r.principal_tags is not null
),

audit_targets as (
  select tenant_id, unnest(targets) as target
  from stg_directory_audits
),

targets as (
  select tenant_id, target
  from audit_targets
  where lower(target.object_type) = 'user' or target.user_principal_name is not null
),

initiators as (
  select a.tenant_id, a.initiated_by_object_id, a.initiated_by_name
  from stg_directory_audits a
  where (a.initiated_by_object_id is not null or contains(a.initiated_by_name, '@'))
    and not exists (select 1 from services s where s.tenant_id = a.tenant_id and s.object_id = a.initiated_by_object_id)
    and not exists (
      select 1
      from stg_directory_objects d
      where d.tenant_id = a.tenant_id and d.object_id = a.initiated_by_object_id and d.kind <> 'person')
),

names as (
  select person, 'id' as kind, object_id as name, cast([] as varchar[]) as columns from user_sign_ins
  union all
  select person, 'id', user_id, [] from user_sign_ins
  union all
  select person, 'upn', user_principal_name, ['stg_sign_ins.user_principal_name', 'cor_sign_ins.user_principal_name'] from user_sign_ins
  union all
  select person, 'name', display_name, ['stg_sign_ins.display_name', 'cor_sign_ins.display_name'] from user_sign_ins
  union all
  select 'address', 'address', ip_address, ['stg_sign_ins.ip_address', 'cor_sign_ins.ip_address'] from user_sign_ins
  union all
  select 'entra/' || tenant_id || '/' || object_id, 'id', object_id, [] from cor_identities where kind = 'person'
  union all
  select 'entra/' || tenant_id || '/' || object_id, 'name', name, ['cor_identities.name'] from cor_identities where kind = 'person'
  union all
  select 'entra/' || tenant_id || '/' || object_id, 'upn', user_principal_name, ['cor_identities.user_principal_name'] from cor_identities where kind = 'person'
  union all
  select 'entra/' || n.tenant_id || '/' || n.object_id, 'upn', n.user_principal_name, []
  from cor_identity_names n
  inner join known k on k.tenant_id = n.tenant_id and k.object_id = n.object_id
  union all
  select 'entra/' || d.tenant_id || '/' || d.object_id, 'id', d.object_id, []
  from stg_directory_objects d
  inner join known k on k.tenant_id = d.tenant_id and k.object_id = d.object_id
  union all
  select 'entra/' || d.tenant_id || '/' || d.object_id, 'name', d.name, ['stg_directory_objects.name']
  from stg_directory_objects d
  inner join known k on k.tenant_id = d.tenant_id and k.object_id = d.object_id
  union all
  select 'entra/' || d.tenant_id || '/' || d.object_id, 'upn', d.user_principal_name, ['stg_directory_objects.user_principal_name']
  from stg_directory_objects d
  inner join known k on k.tenant_id = d.tenant_id and k.object_id = d.object_id
  union all
  select 'entra/' || r.tenant_id || '/' || r.object_id, 'id', r.object_id, []
  from stg_identity_registry r
  where coalesce(r.kind, 'person') = 'person' or exists (select 1 from known k where k.tenant_id = r.tenant_id and k.object_id = r.object_id)
  union all
  select 'entra/' || r.tenant_id || '/' || r.object_id, 'subject', r.subject, ['stg_identity_registry.subject']
  from stg_identity_registry r
  where coalesce(r.kind, 'person') = 'person' or exists (select 1 from known k where k.tenant_id = r.tenant_id and k.object_id = r.object_id)
  union all
  select 'entra/' || r.tenant_id || '/' || r.object_id, 'name', r.name, ['stg_identity_registry.name']
  from stg_identity_registry r
  where coalesce(r.kind, 'person') = 'person' or exists (select 1 from known k where k.tenant_id = r.tenant_id and k.object_id = r.object_id)
  union all
  -- Who did something in the directory: an application has no user principal name, and what nothing knows may be a person.
  select
    case when a.initiated_by_object_id is null then 'name/' || lower(a.initiated_by_name) else 'entra/' || a.tenant_id || '/' || a.initiated_by_object_id end,
    case when contains(a.initiated_by_name, '@') then 'upn' else 'name' end, a.initiated_by_name, ['stg_directory_audits.initiated_by_name']
  from initiators a
  union all
  select 'entra/' || a.tenant_id || '/' || a.initiated_by_object_id, 'id', a.initiated_by_object_id, ['stg_directory_audits.initiated_by_object_id']
  from initiators a
  union all
  select 'entra/' || tenant_id || '/' || coalesce(target.object_id, target.user_principal_name), 'id', target.object_id, []
  from targets
  union all
  select 'entra/' || tenant_id || '/' || coalesce(target.object_id, target.user_principal_name), 'upn', target.user_principal_name, ['stg_directory_audits.targets']
  from targets
  union all
  select 'entra/' || tenant_id || '/' || coalesce(target.object_id, target.user_principal_name), 'name', target.display_name, ['stg_directory_audits.targets']
  from targets
  union all
  select person, 'session', role_session_name, ['cor_sessions.role_session_name', 'stg_sts_requests.role_session_name'] from sessions
  union all
  select person, 'id', who_object_id, ['cor_sessions.who_object_id', 'findings.who_object_id', 'finding_life.who_object_id'] from sessions where who_kind = 'person'
  union all
  -- What they asked for in a request that was refused.
  select c.person, 'session', r.role_session_name, ['stg_sts_requests.role_session_name']
  from stg_sts_requests r
  inner join callers c on c.caller_key = r.caller_key
  union all
  select c.person, 'source', r.source_identity, ['stg_sts_requests.source_identity']
  from stg_sts_requests r
  inner join callers c on c.caller_key = r.caller_key
  union all
  select person, 'source', source_identity, ['cor_sessions.source_identity', 'cor_callers.source_identity', 'stg_events.source_identity', 'stg_sts_requests.source_identity', 'stg_sts_requests.caller_source_identity']
  from sessions
  union all
  select person, 'subject', subject, ['cor_sessions.subject', 'stg_sts_requests.subject'] from sessions
  union all
  select person, 'subject', who_subject, ['cor_sessions.who_subject', 'findings.who_subject', 'finding_life.who_subject'] from sessions
  union all
  select person, 'name', who_name, ['cor_sessions.who_name', 'finding_life.who_name'] from sessions where who_kind <> 'unknown'
  union all
  select 'address', 'address', source_ip, ['cor_sessions.source_ip', 'stg_events.source_ip', 'stg_sts_requests.source_ip', 'stg_ecs_actions.source_ip', 'stg_ssm_sessions.source_ip']
  from sessions
  where regexp_full_match(source_ip, '[0-9a-fA-F.:]+')
  union all
  select 'address', 'address', a.source_ip, ['cor_sessions.source_ip', 'stg_events.source_ip', 'stg_sts_requests.source_ip', 'stg_ecs_actions.source_ip', 'stg_ssm_sessions.source_ip']
  from cor_caller_addresses a
  inner join callers c on c.caller_key = a.caller_key
  where regexp_full_match(a.source_ip, '[0-9a-fA-F.:]+')
  union all
  select person, 'name', identity_user_name, ['cor_callers.identity_user_name', 'stg_events.identity_user_name'] from callers where identity_type = 'IAMUser'
  union all
  select person, 'id', principal_id, [] from callers where identity_type = 'IAMUser'
  union all
  -- A key that an IAM user keeps for years is as good as a name.
  select person, 'key', caller_key, [] from callers where identity_type = 'IAMUser' and starts_with(caller_key, 'AKIA')
  union all
  select person, 'subject', identity_user_name, ['cor_callers.identity_user_name', 'stg_events.identity_user_name']
  from callers
  where identity_type in ('WebIdentityUser', 'SAMLUser')
  union all
  select person, 'tag', tag.value, ['stg_sts_requests.principal_tags']
  from tags
  where regexp_matches(lower(tag.key), '(^|[^a-z])(upn|e?mail|name|user|username|preferred_username|oid|sub|login)$')
),

-- What nobody is known to stand behind is a person of its own.
whole as (
  select coalesce(person, 'name/' || lower(name)) as person, kind, name, columns
  from names n
  where name is not null and trim(name) <> ''
    -- Whoever names a session after a task says nothing of themselves; the task keeps its name.
    and not exists (select 1 from cor_task_launchers t where split_part(t.task_key, '/', 2) = n.name)
)

select person, kind, name, array_sort(array_agg(distinct place.name) filter (where place.name is not null)) as columns
from (select person, kind, name, unnest(case when len(columns) = 0 then [{ 'name': cast(null as varchar) }] else list_transform(columns, lambda one: { 'name': one }) end) as place from whole) w
group by person, kind, name
order by person, kind, name
