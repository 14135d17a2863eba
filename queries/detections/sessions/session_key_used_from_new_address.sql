/*---
id: session_key_used_from_new_address
title: A person's key used from another address, by another program
description: |
  A person's session was opened from one address, and its key was used from another one by another kind of program than the one that
  asked for it; neither address is in `network.egress_ranges`. RULINGS names the address alone; but laptops change networks, and the
  program goes with them, so both signs are asked for unless `needs_new_program` is false. One finding for a session: the summary
  names the first such use.
  Not seen: whoever comes from a known range, or forges the user agent, which the caller chooses; sessions whose opening record has
  no user agent; calls through VPC endpoints (private addresses) and by AWS services on somebody's behalf.
severity: high
sources: [cloudtrail]
controls: [soc2:CC6.1, soc2:CC7.2, soc2:CC7.3, iso27001:A.8.15, iso27001:A.8.16]
params:
  needs_new_program:
    type: boolean
    default: true
    description: Whether another address counts only with another program (the user agent's first product).
false_positives: |
  A helper that fetches credentials in one network for a program in another: a container, a remote host, a VPN that is switched on in
  between. Add the ranges of offices, VPNs and NAT gateways to `network.egress_ranges`.
runbook: |
  1. Ask for the session (`whoran ask` with its key) and for the new address: who else came from there?
  2. Ask the person whether they used the key there. If not: revoke the role's sessions (IAM console, "Revoke active sessions") and
     the person's sign-ins in Entra.
  3. List what the key did from the new address, and undo it.
---*/
with sessions as (
  select session_id, opened_at, source_ip, user_agent, reason, opened_by_account_id, opened_by_event_id
  from cor_sessions
  where is_issued and who_kind = 'person' and session_kind in ('web_identity', 'saml', 'role', 'federation_token')
    and source_ip is not null and user_agent is not null
),
callers as (
  select caller_key, session_id
  from cor_callers
),
uses as (
  select caller_key, source_ip, agent_family, first_used_at, calls
  from cor_caller_addresses
),
-- Addresses that say where somebody is and are not ours.
foreign_addresses as (
  select address, address_key
  from cor_addresses
  where address_key is not null and not is_known_egress and not is_aws_service and not is_private
),
events as (
  select account_id, event_id, event_at, event_source, event_name, source_ip, user_agent, invoked_by, caller_key
  from stg_events
),
opened as (
  select
    s.session_id, s.opened_at, s.source_ip, s.user_agent, s.reason, s.opened_by_account_id, s.opened_by_event_id, a.address_key
  from sessions s
  join foreign_addresses a on a.address = s.source_ip
),
elsewhere as (
  select
    o.session_id, o.opened_at, o.source_ip as opened_from, o.reason, o.opened_by_account_id, o.opened_by_event_id,
    u.caller_key, u.source_ip, u.agent_family, u.first_used_at, u.calls
  from opened o
  join callers c on c.session_id = o.session_id
  join uses u on u.caller_key = c.caller_key
  join foreign_addresses a on a.address = u.source_ip
  where a.address_key <> o.address_key
    and (not $needs_new_program or (u.agent_family <> '' and not starts_with(replace(o.user_agent, '[', ''), u.agent_family)))
),
first_elsewhere as (
  select
    session_id, opened_at, opened_from, reason, opened_by_account_id, opened_by_event_id, caller_key, source_ip, agent_family, first_used_at,
    row_number() over (partition by session_id order by first_used_at, source_ip, agent_family, caller_key) as place,
    sum(calls) over (partition by session_id) as calls
  from elsewhere
),
-- S3 writes user agents in brackets. A few rows as a rule, so that events are sought by key and time and never read through.
placed_calls as (
  select
    f.session_id, f.opened_at, f.opened_from, f.reason, f.opened_by_account_id, f.opened_by_event_id, f.source_ip, f.agent_family,
    f.first_used_at, f.calls, e.account_id, e.event_id, e.event_name, e.event_source,
    row_number() over (partition by f.session_id order by e.account_id, e.event_id) as place
  from first_elsewhere f
  join events e on e.caller_key = f.caller_key and e.event_at = f.first_used_at and e.source_ip = f.source_ip
  where f.place = 1 and e.invoked_by is null and (f.agent_family = '' or starts_with(replace(coalesce(e.user_agent, ''), '[', ''), f.agent_family))
)
select
  'session' as subject_kind,
  session_id as subject_id,
  first_used_at as occurred_at,
  'The key of session ' || session_id || ', opened from ' || opened_from || ', was used from ' || source_ip
    || case when agent_family = '' then '' else ' by ' || agent_family end || ': ' || coalesce(event_name, 'a call') || ' on '
    || coalesce(event_source, 'an unknown service')
    || case when calls > 1 then ', and ' || cast(calls - 1 as varchar) || ' more calls' else '' end as summary,
  'session_key_used_from_new_address/' || session_id as dedup_key,
  reason,
  array[
    row('cloudtrail', account_id, event_id, first_used_at),
    row('cloudtrail', opened_by_account_id, opened_by_event_id, opened_at)
  ] as evidence,
  -- All of it is in landed records; nothing that may still come is awaited.
  false as is_provisional
from placed_calls
where place = 1
order by occurred_at, dedup_key
