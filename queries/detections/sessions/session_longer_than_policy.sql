/*---
id: session_longer_than_policy
title: AWS session issued for longer than the policy allows
description: |
  A session that STS issued for more minutes than `max_minutes`, from the issuing record's time to the expiration that it gives. Sessions of
  people and workloads (web identity, SAML), roles, federation and session tokens; those that AWS issues to its own services and tasks
  have a length of their own. Off until `max_minutes` is set.
  Not seen: sessions whose issuing record is not landed or tells no expiration; a short session that is renewed again and again.
severity: medium
sources: [cloudtrail]
controls: [soc2:CC6.1, iso27001:A.5.15, iso27001:A.8.5]
params:
  max_minutes:
    type: integer
    default: 0
    description: The longest session that the policy allows, in minutes; 0 turns it off (RULINGS, "Detections").
  margin_seconds:
    type: integer
    default: 60
    description: How much longer a session may be, since both times are cut to seconds.
false_positives: |
  A role that is allowed to be longer: give it an exception with an owner and an end, or raise the limit.
runbook: |
  1. Ask for the session (`whoran ask` with its id) and read who opened it, and for what.
  2. Read the role's maximum session duration in IAM, and the length that the caller asked for.
  3. Lower the role's maximum, or write down why this role needs more.
---*/
with sessions as (
  select
    session_id, opened_at, expires_at, role_arn, who_tenant_id, who_object_id, subject, reason, is_provisional,
    opened_by_account_id, opened_by_event_id
  from cor_sessions
  where $max_minutes > 0 and is_issued and session_kind in ('web_identity', 'saml', 'role', 'federation_token', 'session_token')
    and expires_at > opened_at + $max_minutes * interval '1' minute + $margin_seconds * interval '1' second
),
identities as (
  select tenant_id, object_id, name
  from cor_identities
)
select
  'session' as subject_kind,
  s.session_id as subject_id,
  s.opened_at as occurred_at,
  'A session of ' || coalesce(s.role_arn, 'no role') || ' was issued to ' || coalesce(i.name, s.who_object_id, s.subject, 'an unknown identity') || ' for '
    || cast(date_diff('minute', s.opened_at, s.expires_at) as varchar) || ' minutes, and the policy allows ' || cast($max_minutes as varchar) as summary,
  'session_longer_than_policy/' || s.session_id as dedup_key,
  s.reason,
  array[row('cloudtrail', s.opened_by_account_id, s.opened_by_event_id, s.opened_at)] as evidence,
  -- The length stands in the issuing record, whatever else may come.
  false as is_provisional
from sessions s
left join identities i on i.tenant_id = s.who_tenant_id and i.object_id = s.who_object_id
order by occurred_at, dedup_key
