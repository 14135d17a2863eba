/*---
id: session_outside_token_lifetime
title: AWS session opened later than any token of its sign-in lives
description: |
  A session was opened with a token of one of our tenants, and the sign-in that the token names, or the latest one that
  could have issued it, is older than a token can live (attribution.token_lifetime_minutes; managed identities have their
  own). Calls made after the token's end inside a session that began in time are normal, and never found here.
  Not seen: a token used within its lifetime by somebody else; the token's real end, which no record holds.
severity: high
sources: [cloudtrail, sign_ins]
absence_of: [sign_ins]
controls: [soc2:CC6.1, soc2:CC6.6, soc2:CC7.2, iso27001:A.5.17, iso27001:A.8.5, iso27001:A.8.16]
false_positives: |
  A token lifetime policy in Entra that is longer than the configured lifetime. A newer sign-in of a kind that is not
  ingested (non-interactive sign-ins above all: a refreshed token is logged there).
runbook: |
  1. Ask for the session (`whoran ask` with its id) and read how old its sign-in was, and by which grade it was matched.
  2. Look in Entra's non-interactive sign-in log for a later token of the same identity and application.
  3. If there is none, the token should have been refused: read the tenant's token lifetime policies, and the provider's
     clock and keys in IAM.
  4. Treat the token as replayed until that is settled: list what the session did.
---*/
with sessions as (
  select
    session_id, opened_at, role_arn, tenant_id, subject, sign_in_id, reason, is_provisional,
    who_tenant_id, who_object_id, opened_by_account_id, opened_by_event_id
  from cor_sessions
  where session_kind in ('web_identity', 'saml') and reason = 'sign_in_too_old'
),
candidates as (
  select session_id, sign_in_id, "at" as signed_in_at
  from cor_sign_in_candidates
),
sign_ins as (
  select tenant_id, sign_in_id, created_at
  from cor_sign_ins
),
identities as (
  select tenant_id, object_id, name
  from cor_identities
),
placed as (
  select
    s.session_id, c.sign_in_id,
    row_number() over (partition by s.session_id order by c.signed_in_at desc, c.sign_in_id) as place
  from sessions s
  join candidates c on c.session_id = s.session_id
),
latest as (
  select session_id, sign_in_id
  from placed
  where place = 1
),
-- The sign-in that the token names where it names one, else the latest that fits but for its age.
with_sign_in as (
  select
    s.session_id, s.opened_at, s.role_arn, s.tenant_id, s.subject, s.reason, s.is_provisional, s.who_tenant_id, s.who_object_id,
    s.opened_by_account_id, s.opened_by_event_id,
    coalesce(s.sign_in_id, l.sign_in_id) as sign_in_id
  from sessions s
  left join latest l on l.session_id = s.session_id
),
named as (
  select
    w.session_id, w.opened_at, w.tenant_id, w.reason, w.is_provisional, w.sign_in_id, g.created_at as signed_in_at,
    w.opened_by_account_id, w.opened_by_event_id,
    coalesce(w.role_arn, 'an unknown role') as role_name,
    coalesce(i.name, w.who_object_id, w.subject, 'an unknown identity') as who,
    coalesce(cast(date_diff('minute', g.created_at, w.opened_at) as varchar) || ' minutes', 'too long') as age
  from with_sign_in w
  left join sign_ins g on g.tenant_id = w.tenant_id and g.sign_in_id = w.sign_in_id
  left join identities i on i.tenant_id = w.who_tenant_id and i.object_id = w.who_object_id
)
select
  'session' as subject_kind,
  session_id as subject_id,
  opened_at as occurred_at,
  'A session of ' || role_name || ' was opened with a token of ' || who || ' ' || age
    || ' after the latest sign-in that can have issued it' as summary,
  'session_outside_token_lifetime/' || session_id as dedup_key,
  reason,
  array[
    row('cloudtrail', opened_by_account_id, opened_by_event_id, opened_at),
    row('sign_ins', tenant_id, sign_in_id, signed_in_at)
  ] as evidence,
  is_provisional
from named
order by occurred_at, dedup_key
