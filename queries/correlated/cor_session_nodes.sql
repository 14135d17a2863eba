/*---
id: cor_session_nodes
title: Sessions and other callers, each with the hop before it
description: |
  One row a session that STS opened, and one for each caller that is none. The hop before: the session whose key (or
  principalId and creationDate) is on the AssumeRole record; the task whose role session this is, and through it whoever
  launched it; where only the target account's half of a cross-account call is landed, the one session alive then with that
  principalId (ATTRIBUTION 2 and 4).
scope: scope_sessions
---*/
with scope as (select session_id from scope_sessions),

opened as (
  select o.* from cor_sessions_opened o inner join scope on scope.session_id = o.session_id
),

-- The caller's half is missing: sessions alive then with that principalId.
by_principal as (
  select
    child.session_id, min(parent.session_id) as parent_session_id, count(*) as parents
  from opened child
  inner join cor_sessions_opened parent
    on parent.issued_principal_id = child.caller_principal_id
    and parent.is_issued and parent.session_id <> child.session_id
    and parent.opened_at <= child.opened_at
    and (parent.expires_at is null or child.opened_at <= parent.expires_at)
  where child.session_kind = 'role' and child.caller_identity_type = 'AWSAccount'
  group by child.session_id
),

-- The hop before, in few columns: what is wide is joined to it once, at the end.
hops as (
  select
    o.session_id,
    case
      when o.session_kind = 'task_role' then t.launcher_caller_key
      when o.caller_identity_type = 'AWSAccount' then null
      when o.session_kind in ('role', 'federation_token', 'session_token') then o.caller_key
    end as upstream_caller_key,
    case
      when o.session_kind = 'task_role' then launcher.session_id
      when o.caller_identity_type = 'AWSAccount' then case when p.parents = 1 then p.parent_session_id end
      when o.session_kind in ('role', 'federation_token', 'session_token') then caller.session_id
    end as upstream_session_id,
    case
      when o.session_kind = 'task_role' then 'task_session_name'
      when o.caller_identity_type = 'AWSAccount' then case when p.parents = 1 then 'role_chain_by_principal' end
      when o.session_kind in ('role', 'federation_token', 'session_token')
        then case when caller.session_method = 'principal_and_creation' then 'principal_and_creation' else 'role_chain' end
    end as upstream_method,
    case
      when o.session_kind = 'task_role' then coalesce(t.confidence, 'none')
      when o.caller_identity_type = 'AWSAccount' then case when p.parents = 1 then 'inferred' end
      when o.session_kind in ('role', 'federation_token', 'session_token') then 'proved'
    end as upstream_confidence,
    coalesce(t.how = 'configured', false) as upstream_is_configured,
    -- Why the chain ends here, where it does.
    case
      when o.session_kind = 'task_role' then coalesce(t.reason, 'launcher_missing')
      when o.caller_identity_type = 'AWSAccount' then 'session_origin_missing'
      when o.session_kind = 'service_role' and o.role_arn like '%:role/aws-service-role/%' then 'aws_service'
      when o.session_kind = 'service_role' then 'compute_role'
      when o.session_kind in ('role', 'federation_token', 'session_token') then 'session_origin_missing'
    end as end_reason,
    coalesce(t.is_provisional, false) as end_is_provisional
  from (select session_id, session_kind, caller_key, caller_identity_type, task_key, role_arn from opened) o
  left join by_principal p on p.session_id = o.session_id
  left join cor_callers caller on caller.caller_key = o.caller_key
  left join cor_task_launchers t on t.task_key = o.task_key
  left join cor_callers launcher on launcher.caller_key = t.launcher_caller_key
),

opened_nodes as (
  select
    o.session_id, o.session_kind, o.is_issued, o.account_id, o.opened_at, o.expires_at,
    o.opened_by_account_id, o.opened_by_event_id, o.opened_via, o.other_half_account_id, o.other_half_event_id,
    o.role_arn, o.role_session_name, o.session_arn, o.issued_principal_id, o.source_ip, o.user_agent,
    o.source_identity, o.caller_source_identity, o.invoked_by,
    o.provider, o.saml_issuer, o.audience, o.subject, o.principal_tags,
    cast(null as varchar) as identity_type, cast(null as varchar) as principal_arn, cast(null as varchar) as identity_user_name,
    cast(null as varchar) as session_issuer_arn,
    o.task_key as upstream_task_key, h.upstream_caller_key, h.upstream_session_id, h.upstream_method, h.upstream_confidence,
    h.upstream_is_configured, h.end_reason, h.end_is_provisional
  from opened o
  inner join hops h on h.session_id = o.session_id
),

other_callers as (
  select c.* from cor_callers c
  inner join scope on scope.session_id = c.caller_key
  left join cor_sessions_opened o on o.session_id = c.caller_key
  where o.session_id is null and c.session_id = c.caller_key
),

caller_nodes as (
  select
    c.caller_key as session_id,
    case
      when starts_with(c.caller_key, 'service:') then 'aws_service'
      when c.session_issuer_arn like '%:role/aws-service-role/%' then 'aws_service'
      when regexp_full_match(c.caller_key, 'A[A-Z]{3}[A-Z0-9]{12,}') and c.identity_type in ('IAMUser', 'Root') then 'access_key'
      when starts_with(c.caller_key, 'AKIA') then 'access_key'
      when starts_with(c.caller_key, 'root:') or starts_with(c.caller_key, 'user:') then 'principal'
      else 'unknown'
    end as session_kind,
    false as is_issued, c.account_id, coalesce(c.session_created_at, c.first_used_at) as opened_at,
    c.session_issuer_arn, c.principal_arn, c.identity_type, c.identity_user_name, c.invoked_by, c.source_identity,
    c.principal_id
  from other_callers c
)

select * from opened_nodes
union all
select
  session_id, session_kind, is_issued, account_id, opened_at, null as expires_at,
  null as opened_by_account_id, null as opened_by_event_id, null as opened_via,
  null as other_half_account_id, null as other_half_event_id,
  case when identity_type = 'AssumedRole' then session_issuer_arn end as role_arn,
  case when identity_type = 'AssumedRole' then nullif(regexp_extract(principal_id, '^[^:]*:(.*)$', 1), '') end as role_session_name,
  case when identity_type = 'AssumedRole' then principal_arn end as session_arn,
  principal_id as issued_principal_id, null as source_ip, null as user_agent,
  source_identity, source_identity as caller_source_identity, invoked_by,
  null as provider, null as saml_issuer, null as audience, null as subject, null as principal_tags,
  identity_type, principal_arn, identity_user_name, session_issuer_arn,
  null as upstream_task_key, null as upstream_caller_key, null as upstream_session_id, null as upstream_method,
  null as upstream_confidence, false as upstream_is_configured,
  case
    when session_kind = 'access_key' and identity_type = 'Root' then 'root'
    when session_kind = 'access_key' and starts_with(session_id, 'AKIA') then 'long_lived_key'
    when session_kind = 'access_key' then 'iam_user'
    when starts_with(session_id, 'root:') then 'root'
    when starts_with(session_id, 'user:') then 'iam_user'
    when session_kind = 'aws_service' then 'aws_service'
    else 'session_origin_missing'
  end as end_reason,
  false as end_is_provisional
from caller_nodes
