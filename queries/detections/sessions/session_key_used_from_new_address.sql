/*---
id: session_key_used_from_new_address
title: A person's key used from a foreign address, by a foreign program or in two places at once
description: |
  A person's session was opened from one address, and its key was used from another one that is not theirs: outside
  `network.egress_ranges`, never seen in a sign-in of that person before, nor in those of `least_others` other people (an office, a VPN).
  Laptops change networks, and the program goes with them, so a second sign is asked for unless `needs_new_program` is false (then every
  other address counts, as RULINGS has it). Either a program that people don't use AWS with (neither AWS's command line and
  SDKs, Terraform, nor a browser) and that did not ask for the key; or another program than that which asked, while the address of the
  opening was used again within `parallel_minutes`, `least_returns` times: nobody is in two places, though a laptop may fall back to a
  phone's network for a moment and return once. One finding for a session: the summary names the first
  such use, and the latest is evidence too.
  Not seen: whoever comes from a known range, or from an address where the person or several others signed in; who forges the user
  agent, which the caller chooses; an AWS program elsewhere while the owner rests; sessions whose opening record has
  no user agent; calls through VPC endpoints (private addresses) and by AWS services on somebody's behalf.
severity: high
sources: [cloudtrail, sign_ins]
controls: [soc2:CC6.1, soc2:CC7.2, soc2:CC7.3, iso27001:A.8.15, iso27001:A.8.16]
params:
  needs_new_program:
    type: boolean
    default: true
    description: Whether another address counts only with a foreign program, or with another program in parallel.
  least_others:
    type: integer
    default: 2
    description: From an address where so many other people signed in before, anybody may come.
  parallel_minutes:
    type: integer
    default: 5
    description: How soon after a use elsewhere the opening's address has to be used again, to be two places at once.
  least_returns:
    type: integer
    default: 2
    description: How often the use has to go back and forth so.
false_positives: |
  A helper that fetches credentials in one network for a program in another: a container, a remote host, a VPN of one's own. Add the
  ranges of offices, VPNs and NAT gateways to `network.egress_ranges`.
runbook: |
  1. Ask for the session (`whoran ask` with its key) and for the new address: who else came from there?
  2. Ask the person whether they used the key there. If not: revoke the role's sessions (IAM console, "Revoke active sessions") and
     the person's sign-ins in Entra.
  3. List what the key did from the new address, and undo it.
---*/
with sessions as (
  select session_id, opened_at, source_ip, replace(user_agent, '[', '') as opened_by, who_tenant_id, who_object_id, reason, opened_by_account_id, opened_by_event_id
  from cor_sessions
  where is_issued and who_kind = 'person' and session_kind in ('web_identity', 'saml', 'role', 'federation_token')
    and source_ip is not null and user_agent is not null
),
callers as (
  select caller_key, session_id
  from cor_callers
),
uses as (
  select caller_key, source_ip, agent_family, first_used_at, last_used_at, calls
  from cor_caller_addresses
),
-- Addresses that say where somebody is and are not ours.
foreign_addresses as (
  select address, address_key
  from cor_addresses
  where address_key is not null and not is_known_egress and not is_aws_service and not is_private
),
sign_ins as (
  select tenant_id, object_id, ip_address, created_at
  from cor_sign_ins
  where is_success and object_id is not null and ip_address is not null
),
events as (
  select account_id, event_id, event_at, event_source, event_name, source_ip, user_agent, invoked_by, caller_key
  from stg_events
),
opened as (
  select
    s.session_id, s.opened_at, s.source_ip, s.opened_by, s.who_tenant_id, s.who_object_id, s.reason, s.opened_by_account_id, s.opened_by_event_id,
    a.address_key
  from sessions s
  join foreign_addresses a on a.address = s.source_ip
),
-- What people use AWS with: the user agent's first product. All others are foreign.
elsewhere as (
  select
    o.session_id, o.opened_at, o.source_ip as opened_from, o.who_tenant_id, o.who_object_id, o.reason, o.opened_by_account_id, o.opened_by_event_id,
    u.caller_key, u.source_ip, u.agent_family, u.first_used_at, u.last_used_at, u.calls,
    u.agent_family <> '' and not starts_with(o.opened_by, u.agent_family) as is_new_program,
    u.agent_family in ('aws-cli', 'Boto3', 'Botocore', 'APN', 'Mozilla') or starts_with(u.agent_family, 'aws-sdk-') as is_usual_program
  from opened o
  join callers c on c.session_id = o.session_id
  join uses u on u.caller_key = c.caller_key
  join foreign_addresses a on a.address = u.source_ip
  where a.address_key <> o.address_key
),
suspects as (
  select
    session_id, opened_at, opened_from, who_tenant_id, who_object_id, reason, opened_by_account_id, opened_by_event_id, caller_key, source_ip,
    agent_family, first_used_at, last_used_at, calls, is_usual_program
  from elsewhere
  where is_new_program or not $needs_new_program
),
-- Who signed in from there before the key came: the person, or several others.
signed_in_there as (
  select
    p.session_id, p.source_ip, p.agent_family, p.caller_key,
    count(distinct case when g.tenant_id = p.who_tenant_id and g.object_id = p.who_object_id then g.object_id end) as own,
    count(distinct case when g.tenant_id <> p.who_tenant_id or g.object_id <> p.who_object_id then g.object_id end) as others
  from suspects p
  join sign_ins g on g.ip_address = p.source_ip and g.created_at <= p.first_used_at
  group by p.session_id, p.source_ip, p.agent_family, p.caller_key
),
strangers as (
  select
    p.session_id, p.opened_at, p.opened_from, p.reason, p.opened_by_account_id, p.opened_by_event_id, p.caller_key, p.source_ip,
    p.agent_family, p.first_used_at, p.last_used_at, p.calls, p.is_usual_program
  from suspects p
  left join signed_in_there g
    on g.session_id = p.session_id and g.source_ip = p.source_ip and g.agent_family = p.agent_family and g.caller_key = p.caller_key
  where not $needs_new_program or (coalesce(g.own, 0) = 0 and coalesce(g.others, 0) < $least_others)
),
-- A few rows as a rule, so that events are sought by key and time and never read through.
returns as (
  select
    p.session_id, p.source_ip, p.agent_family, p.caller_key, e.account_id, e.event_id, min(b.event_at) as returned_at
  from strangers p
  join events e
    on e.caller_key = p.caller_key and e.source_ip = p.source_ip and e.event_at >= p.first_used_at and e.event_at <= p.last_used_at
  join events b
    on b.caller_key = p.caller_key and b.source_ip = p.opened_from and b.event_at > e.event_at
    and b.event_at <= e.event_at + $parallel_minutes * interval '1' minute
  where p.is_usual_program and e.invoked_by is null and b.invoked_by is null
  group by p.session_id, p.source_ip, p.agent_family, p.caller_key, e.account_id, e.event_id
),
-- All uses elsewhere before one return have it in common.
parallel as (
  select session_id, source_ip, agent_family, caller_key
  from returns
  group by session_id, source_ip, agent_family, caller_key
  having count(distinct returned_at) >= $least_returns
),
stolen as (
  select
    p.session_id, p.opened_at, p.opened_from, p.reason, p.opened_by_account_id, p.opened_by_event_id, p.caller_key, p.source_ip,
    p.agent_family, p.first_used_at, p.last_used_at, p.calls
  from strangers p
  left join parallel b on b.session_id = p.session_id and b.source_ip = p.source_ip and b.agent_family = p.agent_family and b.caller_key = p.caller_key
  where not $needs_new_program or not p.is_usual_program or b.session_id is not null
),
first_elsewhere as (
  select
    session_id, opened_at, opened_from, reason, opened_by_account_id, opened_by_event_id, caller_key, source_ip, agent_family, first_used_at, last_used_at,
    row_number() over (partition by session_id order by first_used_at, source_ip, agent_family, caller_key) as place,
    row_number() over (partition by session_id order by last_used_at desc, source_ip, agent_family, caller_key) as place_from_last,
    sum(calls) over (partition by session_id) as calls
  from stolen
),
-- S3 writes user agents in brackets.
placed_calls as (
  select
    f.session_id, f.opened_at, f.opened_from, f.reason, f.opened_by_account_id, f.opened_by_event_id, f.source_ip, f.agent_family,
    f.first_used_at, f.calls, e.account_id, e.event_id, e.event_name, e.event_source,
    row_number() over (partition by f.session_id order by e.account_id, e.event_id) as place
  from first_elsewhere f
  join events e on e.caller_key = f.caller_key and e.event_at = f.first_used_at and e.source_ip = f.source_ip
  where f.place = 1 and e.invoked_by is null and (f.agent_family = '' or starts_with(replace(coalesce(e.user_agent, ''), '[', ''), f.agent_family))
),
-- Somebody who closes the finding closes it for what they saw: a later call is new evidence, and opens it again.
latest_calls as (
  select
    f.session_id, e.account_id, e.event_id, e.event_at,
    row_number() over (partition by f.session_id order by e.account_id desc, e.event_id desc) as place
  from first_elsewhere f
  join events e on e.caller_key = f.caller_key and e.event_at = f.last_used_at and e.source_ip = f.source_ip
  where
    f.place_from_last = 1 and f.calls > 1 and e.invoked_by is null
    and (f.agent_family = '' or starts_with(replace(coalesce(e.user_agent, ''), '[', ''), f.agent_family))
)
select
  'session' as subject_kind,
  p.session_id as subject_id,
  p.first_used_at as occurred_at,
  'The key of session ' || p.session_id || ', opened from ' || p.opened_from || ', was used from ' || p.source_ip
    || case when p.agent_family = '' then '' else ' by ' || p.agent_family end || ': ' || coalesce(p.event_name, 'a call') || ' on '
    || coalesce(p.event_source, 'an unknown service')
    || case when p.calls = 2 then ', and once more' when p.calls > 2 then ', and ' || cast(p.calls - 1 as varchar) || ' more times' else '' end as summary,
  'session_key_used_from_new_address/' || p.session_id as dedup_key,
  p.reason,
  array[
    row('cloudtrail', p.account_id, p.event_id, p.first_used_at),
    row('cloudtrail', p.opened_by_account_id, p.opened_by_event_id, p.opened_at),
    row('cloudtrail', l.account_id, case when l.event_id <> p.event_id then l.event_id end, l.event_at)
  ] as evidence,
  -- All of it is in landed records; nothing that may still come is awaited.
  false as is_provisional
from placed_calls p
left join latest_calls l on l.session_id = p.session_id and l.place = 1
where p.place = 1
order by occurred_at, dedup_key
