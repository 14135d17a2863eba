/*---
id: activity_after_identity_disabled
title: AWS session used after its identity was disabled, deleted or revoked
description: |
  Nothing that Entra does ends an AWS session: whoever is disabled goes on until their credentials expire. Calls that AWS accepted, by a
  session of an identity, after Entra's directory audit says that it was disabled or deleted, or that somebody else revoked its
  sessions. After a revocation only sessions that go back to a token from before it count; who signs in anew may work. A revocation that
  resetting a password brought with it is a help desk's daily work and counts only with `count_password_resets`; a reset with a revocation
  of its own beside it counts always. One finding a session: its subject is the first such call, the summary counts them, and the
  latest is evidence too.
  Not seen: identities whose directory audit is not landed; service principals that were disabled (their audit rows have other names);
  what a task went on to do that the session had started.
severity: high
sources: [cloudtrail, sign_ins, directory_audits]
controls: [soc2:CC6.1, soc2:CC6.2, soc2:CC6.3, soc2:CC7.2, iso27001:A.5.18, iso27001:A.8.2, iso27001:A.8.16]
params:
  margin_seconds:
    type: integer
    default: 60
    description: How long after the end a call may lie, for clocks that differ.
  count_password_resets:
    type: boolean
    default: false
    description: Whether resetting somebody's password is an end of their sessions.
false_positives: |
  An administrator who revoked somebody's sessions while that person was at work. An account that was disabled by mistake.
runbook: |
  1. Ask for the event (`whoran ask` with its id) and list what the session did after the end (`whoran ask` with its key).
  2. Revoke the role's sessions in IAM (a deny for tokens issued before now), since Entra can't.
  3. Look in Entra's audit log who disabled the identity, and why.
---*/
with ends as (
  select tenant_id, object_id, kind, ended_at, audit_id, until_at
  from cor_identity_ends
),
sessions as (
  select
    session_id, root_session_id, opened_at, role_arn, who_tenant_id, who_object_id, reason, is_provisional
  from cor_sessions
  where who_object_id is not null
),
roots as (
  select session_id, opened_at
  from cor_sessions
),
callers as (
  select caller_key, session_id, last_used_at
  from cor_callers
),
identities as (
  select tenant_id, object_id, name
  from cor_identities
),
-- A few as a rule, so that the events below are sought by key and time.
ended as (
  select
    s.session_id, s.role_arn, s.reason, s.is_provisional, s.who_tenant_id, s.who_object_id, c.caller_key, c.last_used_at,
    e.kind, e.ended_at, e.audit_id, e.until_at, r.opened_at as root_opened_at,
    e.ended_at + $margin_seconds * interval '1' second as counted_from,
    row_number() over (partition by s.session_id, c.caller_key order by e.ended_at, e.kind, e.audit_id) as place
  from sessions s
  join ends e on e.tenant_id = s.who_tenant_id and e.object_id = s.who_object_id
  join callers c on c.session_id = s.session_id
  left join roots r on r.session_id = s.root_session_id
  where c.last_used_at > e.ended_at + $margin_seconds * interval '1' second
    and (e.kind <> 'reset' or $count_password_resets)
    and (e.kind not in ('revoked', 'reset') or coalesce(r.opened_at, s.opened_at) < e.ended_at)
    and (e.until_at is null or s.opened_at < e.until_at)
),
events as (
  select account_id, event_id, event_at, event_source, event_name, error_code, caller_key
  from stg_events
),
calls as (
  select
    e.account_id, e.event_id, e.event_at, e.event_source, e.event_name,
    d.session_id, d.role_arn, d.reason, d.is_provisional, d.who_tenant_id, d.who_object_id, d.kind, d.ended_at, d.audit_id,
    row_number() over (partition by d.session_id order by e.event_at, e.account_id, e.event_id) as place,
    row_number() over (partition by d.session_id order by e.event_at desc, e.account_id desc, e.event_id desc) as place_from_last,
    count(*) over (partition by d.session_id) as calls
  from events e
  join ended d
    on d.caller_key = e.caller_key and e.event_at > d.counted_from and e.event_at <= d.last_used_at
    and (d.until_at is null or e.event_at < d.until_at)
  where d.place = 1 and e.error_code is null
),
-- Somebody who closes the finding closes it for what they saw: a later call is new evidence, and opens it again.
latest_calls as (
  select session_id, account_id, event_id, event_at
  from calls
  where place_from_last = 1 and place > 1
)
select
  'event' as subject_kind,
  c.event_id as subject_id,
  c.event_at as occurred_at,
  coalesce(i.name, c.who_object_id) || case c.kind when 'revoked' then ' had its sessions revoked' when 'reset' then ' had its password reset' else ' was ' || c.kind end || ' in Entra, and '
    || cast(date_diff('minute', c.ended_at, c.event_at) as varchar) || ' minutes later session ' || c.session_id || ' of '
    || coalesce(c.role_arn, 'an unknown role') || ' called ' || coalesce(c.event_name, 'something') || ' on ' || coalesce(c.event_source, 'an unknown service')
    || case when c.calls > 1 then ', the first of ' || cast(c.calls as varchar) || ' calls' else '' end as summary,
  'activity_after_identity_disabled/' || c.session_id as dedup_key,
  c.reason,
  array[
    row('cloudtrail', c.account_id, c.event_id, c.event_at),
    row('directory_audits', c.who_tenant_id, c.audit_id, c.ended_at),
    row('cloudtrail', l.account_id, l.event_id, l.event_at)
  ] as evidence,
  c.is_provisional
from calls c
left join latest_calls l on l.session_id = c.session_id
left join identities i on i.tenant_id = c.who_tenant_id and i.object_id = c.who_object_id
where c.place = 1
order by occurred_at, dedup_key
