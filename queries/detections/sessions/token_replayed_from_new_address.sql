/*---
id: token_replayed_from_new_address
title: One Entra token, two sessions, the second from a foreign address
description: |
  A person's token opened an AWS session, and the same token opened another from a foreign address: not used by it before, outside
  `network.egress_ranges`, not private nor an AWS service's, never seen in a sign-in of that person before, nor in those of
  `least_others` other people (an office, a VPN). Laptops change networks and take a cached token with them, so a second sign is asked
  for unless `needs_second_sign` is false (then every other address counts, as RULINGS has it). Either a program opened the session
  that people don't use AWS with (neither AWS's command line and SDKs, Terraform, nor a browser) and that had not opened the earlier
  one; or the earlier address was in use again within `parallel_minutes`, by this token or the earlier session: nobody is in two places.
  The same token is known by the token id that Entra signed into it, at any age. Without token ids two tokens of one issuer, audience
  and subject within `attribution.token_lifetime_minutes` count as one where the records leave no other: exactly one sign-in fits both
  sessions; or the earlier was known by the sign-in from its own address, and nobody signed in from the later one's.
  Not seen: a thief who uses the token before its owner does, forges the user agent (the caller chooses it) while the owner rests, or
  comes from a known range or from where the person or several others signed in; sessions whose opening record has no address; refused
  attempts; tokens without a token id of identities with several sign-ins, or where a kind of sign-in never landed; workloads, until
  `include_workloads` is set; other issuers than Entra, whose subjects (a GitHub repository's jobs) come from anywhere.
severity: high
sources: [cloudtrail, sign_ins]
absence_of: [sign_ins]
controls: [soc2:CC6.1, soc2:CC7.2, soc2:CC7.3, iso27001:A.5.17, iso27001:A.8.16]
params:
  needs_second_sign:
    type: boolean
    default: true
    description: Whether another address counts only where nobody of ours signed in, and with a foreign program or in parallel.
  least_others:
    type: integer
    default: 2
    description: From an address where so many other people signed in before, anybody may come.
  parallel_minutes:
    type: integer
    default: 5
    description: How soon after the later opening the earlier address has to be in use again, to be two places at once.
  include_workloads:
    type: boolean
    default: false
    description: Whether service principals, managed identities and agents count too, by their token ids. Many go out through a pool of addresses.
false_positives: |
  A token that is handed to a job or a container elsewhere on purpose; a VPN of one's own that takes some programs and not others. Add the ranges of offices, VPNs and NAT gateways to `network.egress_ranges`.
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
  select tenant_id, sign_in_id, created_at, object_id, ip_address, is_success
  from cor_sign_ins
),
callers as (
  select caller_key, session_id
  from cor_callers
),
events as (
  select caller_key, event_at, source_ip, invoked_by
  from stg_events
),
identities as (
  select tenant_id, object_id, name
  from cor_identities
),
sessions as (
  select
    session_id, opened_at, source_ip, role_arn, issuer, tenant_id, audience, subject, token_id, who_kind, who_tenant_id, who_object_id,
    split_part(split_part(replace(coalesce(user_agent, ''), '[', ''), ' ', 1), '/', 1) as program, identity_method, identity_confidence, sign_in_grade, sign_in_id, reason, opened_by_account_id, opened_by_event_id
  from cor_sessions
  where is_issued and session_kind = 'web_identity' and tenant_id is not null and (token_id is not null or subject is not null)
    and (who_kind in ('person', 'unknown') or ($include_workloads and token_id is not null))
),
-- What makes two tokens one. A token id is unique in its tenant; a subject alone only says that it may be.
uses as (
  select
    s.session_id, s.opened_at, s.source_ip, s.role_arn, s.issuer, s.tenant_id, s.audience, s.subject, s.token_id, s.who_kind,
    s.who_tenant_id, s.who_object_id, s.program, s.identity_method, s.identity_confidence, s.sign_in_grade, s.sign_in_id, s.reason,
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
    p.used_here_at, p.token_key, u.program, b.program as before_program, b.address_key as before_key, b.session_id as before_id, b.opened_at as before_at, b.source_ip as before_ip,
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
    m.token_key, m.program, m.before_program, m.before_key, m.before_id, m.before_at, m.before_ip, m.before_account_id, m.before_event_id,
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
suspects as (
  select
    session_id, opened_at, source_ip, role_arn, tenant_id, subject, reason, opened_by_account_id, opened_by_event_id,
    token_key, before_key, before_id, before_at, before_ip, before_account_id, before_event_id, who_tenant_id, who_object_id, sign_in_id,
    is_waiting, known_by,
    program not in ('', 'aws-cli', 'Boto3', 'Botocore', 'APN', 'Mozilla') and not starts_with(program, 'aws-sdk-')
      and program <> before_program as is_foreign_program
  from judged
  where known_by is not null
),
-- Who signed in from there before: the person, or several others.
signed_in_there as (
  select
    p.session_id,
    count(distinct case when g.tenant_id = p.who_tenant_id and g.object_id = p.who_object_id then g.object_id end) as own,
    count(distinct case when g.tenant_id <> p.who_tenant_id or g.object_id <> p.who_object_id then g.object_id end) as others
  from suspects p
  join sign_ins g on g.ip_address = p.source_ip and g.created_at <= p.opened_at
  where g.is_success
  group by p.session_id
),
-- A few rows as a rule, so that events are sought by key and time and never read through.
used_again as (
  select p.session_id
  from suspects p
  join callers c on c.session_id = p.before_id
  join events e
    on e.caller_key = c.caller_key and e.source_ip = p.before_ip and e.event_at > p.opened_at
    and e.event_at <= p.opened_at + $parallel_minutes * interval '1' minute
  where e.invoked_by is null
  union
  select p.session_id
  from suspects p
  join uses u
    on u.token_key = p.token_key and u.address_key = p.before_key and u.opened_at > p.opened_at
    and u.opened_at <= p.opened_at + $parallel_minutes * interval '1' minute
),
stolen as (
  select
    p.session_id, p.opened_at, p.source_ip, p.role_arn, p.tenant_id, p.subject, p.reason, p.opened_by_account_id, p.opened_by_event_id,
    p.before_id, p.before_at, p.before_ip, p.before_account_id, p.before_event_id, p.who_tenant_id, p.who_object_id, p.sign_in_id,
    p.is_waiting, p.known_by
  from suspects p
  left join signed_in_there g on g.session_id = p.session_id
  left join used_again a on a.session_id = p.session_id
  where not $needs_second_sign
    or (coalesce(g.own, 0) = 0 and coalesce(g.others, 0) < $least_others and (p.is_foreign_program or a.session_id is not null))
),
replayed as (
  select
    j.session_id, j.opened_at, j.source_ip, j.tenant_id, j.reason, j.opened_by_account_id, j.opened_by_event_id,
    j.before_id, j.before_at, j.before_ip, j.before_account_id, j.before_event_id, j.sign_in_id, g.created_at as signed_in_at,
    j.known_by, j.known_by = 'one_sign_in' and j.is_waiting as is_provisional,
    coalesce(j.role_arn, 'an unknown role') as role_name,
    coalesce(i.name, j.who_object_id, j.subject, 'an unknown identity') as who
  from stolen j
  left join sign_ins g on g.tenant_id = j.tenant_id and g.sign_in_id = j.sign_in_id
  left join identities i on i.tenant_id = j.who_tenant_id and i.object_id = j.who_object_id
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
