/*---
id: session_without_sign_in
title: AWS session whose token no Entra sign-in issued
description: |
  A session was opened with a token of one of our tenants, its identity or its token id is known, and that tenant's
  sign-ins, complete through the session and the settling time, hold no sign-in for it. Before they are complete the
  finding is provisional.
  Not seen: sessions whose subject nobody has mapped (coverage counts them as subject_unmapped), tenants that are not
  ingested, stretches that a source never delivered.
severity: high
sources: [cloudtrail, sign_ins]
absence_of: [sign_ins]
controls: [soc2:CC6.1, soc2:CC7.2, iso27001:A.5.16, iso27001:A.8.5, iso27001:A.8.16]
false_positives: |
  Sign-ins of this kind are filtered out before they reach the log that is read. A wrong audience in the configuration's
  audience map.
runbook: |
  1. Ask for the session (`whoran ask` with its id) and read which identity the token names, and by which method.
  2. Look in Entra's own sign-in log, all four kinds, for that identity in the two hours before the session.
  3. If there is none, treat the token as stolen or forged: revoke the role's sessions, and disable the identity.
  4. List what the session did, and go on with every session that it opened.
---*/
with sessions as (
  select
    session_id, opened_at, role_arn, tenant_id, subject, token_id, correlation_id, reason, is_provisional,
    who_tenant_id, who_object_id, opened_by_account_id, opened_by_event_id
  from cor_sessions
  where session_kind in ('web_identity', 'saml')
),
identities as (
  select tenant_id, object_id, name
  from cor_identities
),
without_sign_in as (
  select
    session_id, opened_at, role_arn, subject, reason, who_tenant_id, who_object_id,
    opened_by_account_id, opened_by_event_id,
    is_provisional
  from sessions
  where tenant_id is not null
    and (
      reason = 'sign_in_absent'
      -- With neither identity nor token id the wait can only end in "subject unmapped": nothing to announce.
      or (reason = 'sign_in_not_yet_due' and coalesce(who_object_id, token_id, correlation_id) is not null)
    )
),
named as (
  select
    w.session_id, w.opened_at, w.reason, w.is_provisional,
    w.opened_by_account_id, w.opened_by_event_id,
    coalesce(w.role_arn, 'an unknown role') as role_name,
    coalesce(i.name, w.who_object_id, w.subject, 'an unknown identity') as who
  from without_sign_in w
  left join identities i on i.tenant_id = w.who_tenant_id and i.object_id = w.who_object_id
)
select
  'session' as subject_kind,
  session_id as subject_id,
  opened_at as occurred_at,
  'A session of ' || role_name || ' was opened with a token of ' || who
    || case
      when is_provisional then ', and no sign-in for it is delivered yet'
      else ', and no sign-in issued that token'
    end as summary,
  'session_without_sign_in/' || session_id as dedup_key,
  reason,
  array[row('cloudtrail', opened_by_account_id, opened_by_event_id, opened_at)] as evidence,
  is_provisional
from named
order by occurred_at, dedup_key
