/*---
id: cor_sessions
title: Sessions, each with its answer
description: |
  One wide row a session or other caller: what opened it, the hop before, and who stands at its root, how sure, by which
  method, with which sign-in, or why not. `confidence` is the weakest hop from here to the identity.
scope: scope_sessions
---*/
with scope as (select session_id from scope_sessions),

-- Answers in few columns: what is wide is joined to them once, at the end.
placed as (
  select
    n.session_id, p.root_session_id, p.depth, p.confidence_rank, p.is_configured, p.has_session_token,
    p.source_identity_session_id, p.source_identity_rank,
    root.session_kind as root_kind, root.end_reason as root_end_reason, root.end_is_provisional as root_is_provisional,
    root.identity_user_name as root_user_name, root.principal_arn as root_principal_arn, root.invoked_by as root_invoked_by,
    root.session_id as root_id, root.role_session_name as root_session_name, root.identity_type as root_identity_type,
    root.provider as root_provider, root.audience as root_audience, root.subject as root_subject
  from scope n
  left join cor_session_paths p on p.session_id = n.session_id
  left join cor_session_nodes root on root.session_id = p.root_session_id
),

answered as (
  select
    p.*,
    p.root_kind in ('web_identity', 'saml', 'denied_token') as is_federated,
    t.issuer as token_issuer, t.tenant_id as token_tenant_id, t.app_id as token_app_id,
    i.method as root_method, i.tenant_id as root_tenant_id, i.object_id as root_object_id, i.confidence as root_confidence,
    i.kind as root_who_kind, i.grade as root_grade, i.sign_in_id as root_sign_in_id, i.reason as root_reason,
    i.token_id as root_token_id, i.correlation_id as root_correlation_id, i.conflicts as root_conflicts,
    -- A source identity set on the way serves only where the root names no person or workload (RULINGS 14).
    coalesce(
      u.object_id is not null
        and (p.root_session_id is null or p.root_end_reason in ('long_lived_key', 'iam_user', 'session_origin_missing')),
      false
    ) as is_by_source_identity,
    u.tenant_id as source_tenant_id, u.object_id as source_object_id, u.kind as source_kind, u.grade as source_grade,
    u.sign_in_id as source_sign_in_id, u.reason as source_reason
  from placed p
  left join cor_tokens t on t.session_id = p.root_session_id
  left join cor_session_identities i on i.session_id = p.root_session_id
  left join cor_session_identities u
    on u.session_id = p.source_identity_session_id and u.method = 'source_identity_unsigned'
),

named as (
  select
    a.*,
    case
      when is_by_source_identity then 'source_identity_unsigned'
      when is_federated and token_issuer is not null and token_tenant_id is null then 'issuer_subject'
      when is_federated then root_method
      when root_end_reason = 'root' then 'root'
      when root_end_reason in ('iam_user', 'long_lived_key') then 'iam_user'
      when root_end_reason = 'aws_service' then 'aws_service'
      when root_end_reason = 'compute_role' then 'compute_role'
    end as identity_method
  from answered a
),

judged as (
  select
    n.*,
    case
      when identity_method is null then 'none'
      when identity_method = 'source_identity_unsigned' then 'asserted'
      when identity_method in ('issuer_subject', 'root', 'iam_user', 'aws_service', 'compute_role') then 'proved'
      else root_confidence
    end as identity_confidence,
    case
      when is_by_source_identity then source_reason
      when is_federated then root_reason
      when root_session_id is null then 'session_origin_missing'
      when root_end_reason = 'long_lived_key' and has_session_token then 'iam_user'
      else root_end_reason
    end as reason
  from named n
),

ranked as (
  select
    j.*,
    least(
      coalesce(case when is_by_source_identity then source_identity_rank else confidence_rank end, 3),
      case identity_confidence when 'proved' then 3 when 'asserted' then 2 when 'inferred' then 1 else 0 end
    ) as weakest
  from judged j
)

select
  n.session_id, n.session_kind, n.is_issued, n.account_id, n.opened_at, n.expires_at,
  n.opened_by_account_id, n.opened_by_event_id, n.opened_via, n.other_half_account_id, n.other_half_event_id,
  n.role_arn, n.role_session_name, n.session_arn, n.issued_principal_id, n.source_ip, n.user_agent, n.source_identity,
  n.upstream_session_id, n.upstream_caller_key, n.upstream_task_key, n.upstream_method, n.upstream_confidence,
  root_session_id, depth,
  root_provider as provider, token_issuer as issuer, token_tenant_id as tenant_id,
  root_audience as audience, -- No sign-in is looked for where the token is not of a tenant, so no audience is checked.
  case when is_federated and token_tenant_id is not null then token_app_id is not null end as is_audience_checked,
  root_subject as subject,
  case when depth = 0 then root_token_id end as token_id, case when depth = 0 then root_correlation_id end as correlation_id,
  case identity_method
    when 'source_identity_unsigned' then source_kind
    when 'issuer_subject' then case when root_kind = 'saml' then 'person' else 'workload' end
    when 'root' then 'root'
    when 'iam_user' then 'iam_user'
    when 'aws_service' then 'aws_service'
    when 'compute_role' then 'workload'
    else coalesce(root_who_kind, 'unknown')
  end as who_kind,
  case when is_by_source_identity then source_tenant_id else coalesce(root_tenant_id, token_tenant_id) end as who_tenant_id,
  case when is_by_source_identity then source_object_id else root_object_id end as who_object_id,
  case when not is_by_source_identity then token_issuer end as who_issuer,
  case
    when is_by_source_identity then null
    when identity_method = 'compute_role' then root_session_name
    else root_subject
  end as who_subject,
  case identity_method
    when 'iam_user' then coalesce(root_user_name, nullif(regexp_extract(root_principal_arn, ':user/(?:.*/)?([^/]+)$', 1), ''))
    when 'root' then 'root'
    when 'aws_service' then coalesce(root_invoked_by, case when starts_with(root_id, 'service:') then substr(root_id, 9) end)
    when 'issuer_subject' then root_subject
  end as who_name,
  identity_method, identity_confidence,
  case
    when identity_method is null then null
    when is_by_source_identity then source_identity_session_id
    else root_session_id
  end as identity_session_id,
  case weakest when 3 then 'proved' when 2 then 'asserted' when 1 then 'inferred' else 'none' end as confidence,
  case when coalesce(is_configured, false) then 'configured' else 'ran' end as how,
  case when is_by_source_identity then source_grade else coalesce(root_grade, 'none') end as sign_in_grade,
  case when is_by_source_identity then source_sign_in_id else root_sign_in_id end as sign_in_id,
  reason,
  coalesce(reason = 'sign_in_not_yet_due', false) or coalesce(root_is_provisional, false) as is_provisional,
  weakest > 0 and not coalesce(is_configured, false)
    and identity_method not in ('root', 'iam_user', 'aws_service', 'compute_role')
    and (reason is null or reason = 'ambiguous_sign_in') as is_traced,
  case when depth = 0 then root_conflicts end as conflicts
from cor_session_nodes n
inner join ranked r on r.session_id = n.session_id
