/*---
id: token_replayed_from_new_address
title: One Entra token, two sessions, from two addresses
description: |
  A person's token opened an AWS session, and the same token opened another from an address that it was not used from before. The
  same token is known by the token id that Entra signed into it, at any age. Without token ids two tokens of one issuer, audience and
  subject within `attribution.token_lifetime_minutes` count as one where the records leave no other: exactly one sign-in fits both
  sessions; or the earlier was known by the sign-in from its own address, and nobody signed in from the later one's. Quiet where the
  new address is in `network.egress_ranges`, private, or an AWS service's. The subject is the later session: which of the two is the
  owner's, the records don't say.
  Not seen: sessions whose opening record has no address; a token used from its owner's address or from a known range; a first use
  from elsewhere than the sign-in's address, which is common (IPv6 to one side and IPv4 to the other); refused attempts; tokens without
  a token id of identities with several sign-ins, or where a kind of sign-in never landed; workloads, until `include_workloads` is set;
  other issuers than Entra, whose subjects (a GitHub repository's jobs) come from anywhere.
severity: high
sources: [cloudtrail, sign_ins]
absence_of: [sign_ins]
controls: [soc2:CC6.1, soc2:CC7.2, soc2:CC7.3, iso27001:A.5.17, iso27001:A.8.16]
params:
  include_workloads:
    type: boolean
    default: false
    description: Whether service principals, managed identities and agents count too, by their token ids. Many go out through a pool of addresses.
false_positives: |
  A laptop that changes networks, or switches its VPN on, within one token's life; a token that is handed to a job elsewhere on
  purpose; an office with several addresses. Add the ranges of offices, VPNs and NAT gateways to `network.egress_ranges`.
runbook: |
  1. Ask for both sessions (`whoran ask` with their keys) and for the new address: who else came from there? Compare both addresses
     with the sign-in's.
  2. Ask the person whether both uses were theirs. If not: revoke the person's sessions in Entra, and the role's sessions opened
     since (IAM console, "Revoke active sessions").
  3. List what the foreign session did, undo it, and find where the token was taken: a file, a log, a proxy, a task's environment.
---*/
with settings as (
  select token_lifetime_minutes, settle_minutes
  from cfg_settings
),
unused_kinds as (
  select sign_in_kind
  from cfg_unused_sign_in_kinds
  where sign_in_kind in ('interactive_user', 'non_interactive_user')
),
landed_kinds as (
  select tenant_id, sign_in_kind, first_at, complete_through
  from stg_sources
  where source = 'sign_ins' and sign_in_kind in ('interactive_user', 'non_interactive_user')
),
addresses as (
  select address, address_key, is_known_egress
  from cor_addresses
  where address_key is not null and not is_aws_service and not is_private
),
sign_ins as (
  select tenant_id, sign_in_id, created_at
  from cor_sign_ins
),
identities as (
  select tenant_id, object_id, name
  from cor_identities
),
sessions as (
  select
    session_id, opened_at, source_ip, role_arn, issuer, tenant_id, audience, subject, token_id, who_kind, who_tenant_id, who_object_id,
    identity_method, identity_confidence, sign_in_grade, sign_in_id, reason, opened_by_account_id, opened_by_event_id
  from cor_sessions
  where is_issued and session_kind = 'web_identity' and tenant_id is not null and (token_id is not null or subject is not null)
    and (who_kind in ('person', 'unknown') or ($include_workloads and token_id is not null))
),
-- What makes two tokens one. A token id is unique in its tenant; a subject alone only says that it may be.
uses as (
  select
    s.session_id, s.opened_at, s.source_ip, s.role_arn, s.issuer, s.tenant_id, s.audience, s.subject, s.token_id, s.who_kind,
    s.who_tenant_id, s.who_object_id, s.identity_method, s.identity_confidence, s.sign_in_grade, s.sign_in_id, s.reason,
    s.opened_by_account_id, s.opened_by_event_id, a.address_key, a.is_known_egress,
    case
      when s.token_id is not null then 'token/' || s.tenant_id || '/' || s.token_id
      else 'subject/' || coalesce(s.issuer, '') || '/' || coalesce(s.audience, '') || '/' || s.subject
    end as token_key
  from sessions s
  join addresses a on a.address = s.source_ip
),
placed as (
  select
    session_id, token_key, address_key,
    lag(opened_at) over (partition by token_key, address_key order by opened_at, session_id) as used_here_at,
    lag(session_id) over (partition by token_key order by opened_at, session_id) as before_id
  from uses
),
moved as (
  select
    u.session_id, u.opened_at, u.source_ip, u.role_arn, u.tenant_id, u.subject, u.token_id, u.who_kind, u.who_tenant_id, u.who_object_id,
    u.identity_confidence, u.sign_in_grade, u.sign_in_id, u.reason, u.opened_by_account_id, u.opened_by_event_id,
    p.used_here_at, b.session_id as before_id, b.opened_at as before_at, b.source_ip as before_ip,
    b.identity_method as before_method, b.identity_confidence as before_confidence, b.sign_in_grade as before_grade,
    b.sign_in_id as before_sign_in_id, b.opened_by_account_id as before_account_id, b.opened_by_event_id as before_event_id,
    b.who_tenant_id as before_tenant_id, b.who_object_id as before_object_id,
    u.opened_at - s.token_lifetime_minutes * interval '1' minute as lives_since,
    u.opened_at + s.settle_minutes * interval '1' minute as settles_at
  from placed p
  join uses u on u.session_id = p.session_id
  join uses b on b.session_id = p.before_id
  cross join settings s
  where b.address_key <> u.address_key and not u.is_known_egress
),
-- That exactly one sign-in fits is an absence of others: both user kinds have to be there, and far enough (ATTRIBUTION 4).
readiness as (
  select k.tenant_id, count(k.complete_through) as kinds, max(k.first_at) as first_at, min(k.complete_through) as complete_through
  from landed_kinds k
  left join unused_kinds n on n.sign_in_kind = k.sign_in_kind
  where n.sign_in_kind is null
  group by k.tenant_id
),
unused_count as (
  select count(sign_in_kind) as kinds
  from unused_kinds
),
ready as (
  select r.tenant_id, r.first_at, r.complete_through
  from readiness r
  cross join unused_count n
  where r.kinds + n.kinds = 2
),
-- How one token is known, the strongest first; null where it isn't.
judged as (
  select
    m.session_id, m.opened_at, m.source_ip, m.role_arn, m.tenant_id, m.subject, m.reason, m.opened_by_account_id, m.opened_by_event_id,
    m.before_id, m.before_at, m.before_ip, m.before_account_id, m.before_event_id,
    coalesce(m.who_tenant_id, m.before_tenant_id) as who_tenant_id, coalesce(m.who_object_id, m.before_object_id) as who_object_id,
    coalesce(m.sign_in_id, m.before_sign_in_id) as sign_in_id,
    r.complete_through < m.settles_at as is_waiting,
    case
      when m.token_id is not null then case when m.used_here_at is null then 'token_id' end
      when m.before_at < m.lives_since or m.used_here_at >= m.lives_since then null
      when m.who_kind = 'person' and m.sign_in_grade = 'window' and m.before_grade = 'window' and m.sign_in_id = m.before_sign_in_id
        and m.identity_confidence = 'proved' and m.before_confidence = 'proved' and r.first_at <= m.lives_since then 'one_sign_in'
      when m.before_method = 'time_and_address' and m.reason = 'subject_unmapped' then 'no_sign_in_there'
    end as known_by
  from moved m
  left join ready r on r.tenant_id = m.tenant_id
),
replayed as (
  select
    j.session_id, j.opened_at, j.source_ip, j.tenant_id, j.reason, j.opened_by_account_id, j.opened_by_event_id,
    j.before_id, j.before_at, j.before_ip, j.before_account_id, j.before_event_id, j.sign_in_id, g.created_at as signed_in_at,
    j.known_by, j.known_by = 'one_sign_in' and j.is_waiting as is_provisional,
    coalesce(j.role_arn, 'an unknown role') as role_name,
    coalesce(i.name, j.who_object_id, j.subject, 'an unknown identity') as who
  from judged j
  left join sign_ins g on g.tenant_id = j.tenant_id and g.sign_in_id = j.sign_in_id
  left join identities i on i.tenant_id = j.who_tenant_id and i.object_id = j.who_object_id
  where j.known_by is not null
)
select
  'session' as subject_kind,
  session_id as subject_id,
  opened_at as occurred_at,
  'A token of ' || who || ' that had opened session ' || before_id || ' from ' || before_ip || ' opened session ' || session_id
    || ' of ' || role_name || ' from ' || source_ip || ' ' || cast(date_diff('minute', before_at, opened_at) as varchar) || ' minutes later'
    || case known_by
      when 'token_id' then ' (both have its token id)'
      when 'one_sign_in' then ' (one sign-in fits both, and no other)'
      else ' (known by time and address: the sign-in came from the first address, and none from the second)'
    end as summary,
  'token_replayed_from_new_address/' || session_id as dedup_key,
  reason,
  array[
    row('cloudtrail', opened_by_account_id, opened_by_event_id, opened_at),
    row('cloudtrail', before_account_id, before_event_id, before_at),
    row('sign_ins', tenant_id, sign_in_id, signed_in_at)
  ] as evidence,
  is_provisional
from replayed
order by occurred_at, dedup_key
