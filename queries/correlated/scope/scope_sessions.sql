/*---
id: scope_sessions
title: Sessions that new records touch
description: |
  By their own records or first use, the task whose role they hold, the session before, a sign-in that may have issued their
  token, an identity that is named or known otherwise now, or because a source is complete further on. Descendants are added
  afterwards.
params: { since: { type: integer } }
---*/
-- Every version of the sign-ins that have a new row: what an earlier one led to may fall away.
with new_sign_ins as (
  select s.tenant_id, s.sign_in_id, s.object_id, s.ip_address, s.token_id, s.correlation_id, s.created_at,
    case when s.sign_in_kind = 'managed_identity' then c.managed_identity_lifetime_minutes else c.token_lifetime_minutes end as lifetime
  from stg_sign_ins s
  inner join scope_sign_ins n on n.tenant_id = s.tenant_id and n.sign_in_id = s.sign_in_id
  cross join cfg_settings c
),

-- Days on which a token of theirs can have been used: a range join as an equality join.
steps as (select unnest(generate_series(-1, (select cast(max(lifetime) as bigint) // 1440 + 1 from new_sign_ins))) as step),

usable_sign_ins as (
  select s.*, stretch_of(s.created_at, 1440) + steps.step as usable_day from new_sign_ins s cross join steps
),

-- Sessions that stand for a token or a source identity of their own.
with_identity as (
  select * from cor_sessions
  where session_kind in ('web_identity', 'saml', 'denied_token') or (session_kind = 'role' and source_identity is not null)
),

by_claim as (
  select c.session_id
  from cor_session_claims c
  inner join usable_sign_ins s
    on s.tenant_id = c.tenant_id and s.object_id = c.object_id and s.usable_day = stretch_of(c.opened_at, 1440)
    and c.opened_at between minutes_after(s.created_at, -2) and minutes_after(s.created_at, s.lifetime)
),

by_address as (
  select w.session_id
  from with_identity w
  inner join usable_sign_ins s
    on s.tenant_id = w.tenant_id and s.ip_address = w.source_ip and s.usable_day = stretch_of(w.opened_at, 1440)
    and w.opened_at between minutes_after(s.created_at, -2) and minutes_after(s.created_at, s.lifetime)
),

unanswered as (
  select w.session_id
  from with_identity w
  inner join (select distinct tenant_id, object_id from new_sign_ins) n
    on n.tenant_id = w.who_tenant_id and n.object_id = w.who_object_id
  where w.sign_in_grade = 'none'
),

by_token as (
  select w.session_id from with_identity w
  inner join new_sign_ins n on n.tenant_id = w.tenant_id and n.token_id = w.token_id
  union
  select w.session_id from with_identity w
  inner join new_sign_ins n on n.tenant_id = w.tenant_id and n.correlation_id = w.correlation_id
  union
  select w.session_id from with_identity w
  inner join new_sign_ins n on n.tenant_id = w.who_tenant_id and n.sign_in_id = w.sign_in_id
  union
  select c.session_id from cor_sign_in_candidates c
  inner join new_sign_ins n on n.tenant_id = c.tenant_id and n.sign_in_id = c.sign_in_id
),

by_identity as (
  select w.session_id from with_identity w
  inner join changed_identities i on i.tenant_id = w.who_tenant_id and i.object_id = w.who_object_id
  union
  select w.session_id from with_identity w
  inner join changed_identities i on i.object_id = lower(w.subject) or i.object_id = lower(w.source_identity)
),

by_name as (
  select w.session_id from with_identity w
  inner join changed_names n
    on n.user_principal_name = lower(w.source_identity) or n.user_principal_name = lower(w.subject)
  union
  select w.session_id from with_identity w
  inner join (
    select distinct lower(p.prefix || n.user_principal_name || p.suffix) as session_name
    from changed_names n cross join cfg_session_names p where p.shape = 'upn'
  ) n on n.session_name = lower(w.role_session_name)
),

-- Sources reach further, or further back, than when correlation last ran.
changed_sources as (
  select s.source, s.tenant_id, s.sign_in_kind,
    before.source is null or before.first_at is distinct from s.first_at as reaches_back
  from stg_sources s
  left join cor_sources_seen before
    on before.source = s.source and before.tenant_id is not distinct from s.tenant_id
    and before.sign_in_kind is not distinct from s.sign_in_kind
  where before.source is null or before.first_at is distinct from s.first_at
    or before.complete_through is distinct from s.complete_through
),

by_time as (
  select session_id from cor_sessions where is_provisional
  union
  select session_id from cor_sessions
  where reason in ('source_gap', 'tenant_not_ingested') and exists (select 1 from changed_sources where reaches_back)
),

by_task as (
  select o.session_id from cor_sessions_opened o
  inner join scope_tasks t on t.task_key = o.task_key
),

by_principal as (
  select child.session_id
  from cor_sessions_opened child
  inner join cor_sessions_opened parent on parent.issued_principal_id = child.caller_principal_id
  inner join scope_opened s on s.session_id = parent.session_id
  where child.session_kind = 'role' and child.caller_identity_type = 'AWSAccount'
),

by_caller as (
  select n.session_id from cor_session_nodes n
  inner join changed_callers c on c.caller_key = n.upstream_caller_key
)

select session_id from scope_opened
union select caller_key from cor_caller_uses
union select caller_key from changed_callers
union select session_id from by_claim
union select session_id from by_address
union select session_id from unanswered
union select session_id from by_token
union select session_id from by_identity
union select session_id from by_name
union select session_id from by_time
union select session_id from by_task
union select session_id from by_principal
union select session_id from by_caller
