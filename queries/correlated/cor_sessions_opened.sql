/*---
id: cor_sessions_opened
title: Sessions as STS opened them
description: |
  One row an issued access key, and one a denied web identity or SAML request (which opens nothing, but has a token to name).
  The two halves of a cross-account AssumeRole make one session; the caller's half, which holds the full identity, speaks.
scope: scope_opened
---*/
with scope as (select session_id from scope_opened),

requests as (
  select
    r.*,
    coalesce(r.issued_key_id, r.caller_key) as session_id
  from stg_sts_requests r
  where r.issued_key_id is not null or r.event_name in ('AssumeRoleWithWebIdentity', 'AssumeRoleWithSAML')
),

scoped as (
  select r.* from requests r inner join scope on scope.session_id = r.session_id
),

-- Few sessions have two records; only those are ranked.
twice as (select session_id from scoped group by session_id having count(*) > 1),

ranked as (
  select
    r.session_id, r.account_id, r.event_id, r.shared_event_id,
    row_number() over (
      partition by r.session_id
      order by
        case when r.caller_access_key_id is not null then 0 when r.identity_type = 'AWSAccount' then 2 else 1 end,
        r.event_at, r.account_id, r.event_id
    ) as half
  from scoped r
  inner join twice on twice.session_id = r.session_id
),

others as (
  select session_id, account_id, event_id, shared_event_id from ranked where half = 2
),

speakers as (
  select r.*
  from scoped r
  left join ranked k on k.session_id = r.session_id and k.account_id = r.account_id and k.event_id = r.event_id
  where k.session_id is null or k.half = 1
)

select
  r.session_id,
  case
    when r.issued_key_id is null then 'denied_token'
    when r.event_name = 'AssumeRoleWithWebIdentity' then 'web_identity'
    when r.event_name = 'AssumeRoleWithSAML' then 'saml'
    when r.event_name = 'GetFederationToken' then 'federation_token'
    when r.event_name = 'GetSessionToken' then 'session_token'
    when coalesce(r.identity_type, 'AWSService') = 'AWSService' and r.invoked_by = 'ecs-tasks.amazonaws.com'
      and regexp_full_match(lower(replace(r.role_session_name, '-', '')), '[0-9a-f]{32}') then 'task_role'
    when r.identity_type = 'AWSService' then 'service_role'
    else 'role'
  end as session_kind,
  r.issued_key_id is not null as is_issued,
  coalesce(nullif(split_part(r.role_arn, ':', 5), ''), r.account_id) as account_id,
  r.event_at as opened_at, r.expires_at,
  r.account_id as opened_by_account_id, r.event_id as opened_by_event_id, r.event_name as opened_via,
  case when o.shared_event_id = r.shared_event_id then o.account_id end as other_half_account_id,
  case when o.shared_event_id = r.shared_event_id then o.event_id end as other_half_event_id,
  r.role_arn, r.role_session_name, r.session_arn, r.issued_principal_id, r.source_ip, r.user_agent, r.source_identity,
  r.identity_type as caller_identity_type, r.principal_id as caller_principal_id, r.principal_arn as caller_principal_arn,
  r.invoked_by, r.caller_key, r.caller_source_identity,
  r.provider, r.saml_issuer, r.audience, r.subject, r.principal_tags, r.error_code,
  case
    when coalesce(r.identity_type, 'AWSService') = 'AWSService' and r.invoked_by = 'ecs-tasks.amazonaws.com'
      and regexp_full_match(lower(replace(r.role_session_name, '-', '')), '[0-9a-f]{32}')
      then coalesce(nullif(split_part(r.role_arn, ':', 5), ''), r.account_id) || '/' || lower(replace(r.role_session_name, '-', ''))
  end as task_key
from speakers r
left join others o on o.session_id = r.session_id
