/*---
id: identity_conflict
title: Two methods name different identities for one session
description: |
  What the session carries names more than one identity: a signed tag against a session name, a source identity against
  the registry, and so on (the methods of ATTRIBUTION 3). The strongest method's answer stands, and this says that a
  weaker one disagrees: somebody wrote another person's name into a field that the caller chooses, or the registry or a
  mapping is wrong. Time and address only guess, since people share networks: a guess speaks against an assertion, and against a proof only with `count_guesses`.
  Not seen: a lie that no second method speaks against.
severity: high
sources: [cloudtrail, sign_ins]
controls: [soc2:CC6.1, soc2:CC7.2, iso27001:A.5.16, iso27001:A.8.15, iso27001:A.8.16]
params:
  count_guesses:
    type: boolean
    default: false
    description: Whether who signed in from the same address at the same time (`time_and_address`) speaks against a proved identity.
false_positives: |
  A registry entry for a subject that now belongs to another application. Two accounts of one person. A user principal name
  that was given to somebody else.
runbook: |
  1. Ask for the session (`whoran ask` with its id): the methods and the identities that they name stand in the answer.
  2. Ask the identity of the strongest method whether the session is theirs, and why it carries another's name.
  3. If a registry entry is wrong, correct it and import it again; if a session name lied, find who wrote the wrapper
     that sets it, and require it in the role's trust policy (sts:RoleSessionName).
---*/
with sessions as (
  select
    session_id, opened_at, role_arn, conflicts, identity_method, confidence, who_tenant_id, who_object_id, sign_in_id, reason,
    opened_by_account_id, opened_by_event_id
  from cor_sessions
  -- A denied token opened none.
  where conflicts is not null and session_kind <> 'denied_token'
),
identities as (
  select tenant_id, object_id, name
  from cor_identities
),
claims as (
  select s.session_id, split_part(c.claim, ':', 1) as method, split_part(c.claim, ':', 2) as object_id
  from sessions s
  cross join unnest(s.conflicts) as c (claim)
  where $count_guesses or s.confidence is distinct from 'proved' or split_part(c.claim, ':', 1) <> 'time_and_address'
),
-- One of those that disagree, for the sentence; the answer lists them all.
disagreeing as (
  select
    c.session_id, c.method, c.object_id, s.who_tenant_id,
    row_number() over (partition by c.session_id order by c.method, c.object_id) as place
  from claims c
  join sessions s on s.session_id = c.session_id
  where s.who_object_id is null or c.object_id <> s.who_object_id
),
named as (
  select
    s.session_id, s.opened_at, s.reason, s.who_tenant_id, s.sign_in_id,
    s.opened_by_account_id, s.opened_by_event_id,
    coalesce(s.role_arn, 'an unknown role') as role_name,
    -- Two people can have one name: the object id tells them apart.
    coalesce(i.name || ' (' || substring(s.who_object_id, 1, 8) || '…)', s.who_object_id, 'nobody') as who,
    coalesce(s.identity_method, 'none') as method,
    coalesce(o.name || ' (' || substring(d.object_id, 1, 8) || '…)', d.object_id, 'another') as other_who,
    coalesce(d.method, 'another method') as other_method
  from sessions s
  join disagreeing d on d.session_id = s.session_id and d.place = 1
  left join identities i on i.tenant_id = s.who_tenant_id and i.object_id = s.who_object_id
  left join identities o on o.tenant_id = s.who_tenant_id and o.object_id = d.object_id
)
select
  'session' as subject_kind,
  session_id as subject_id,
  opened_at as occurred_at,
  'A session of ' || role_name || ' names ' || who || ' by ' || method || ' and ' || other_who || ' by ' || other_method as summary,
  'identity_conflict/' || session_id as dedup_key,
  reason,
  array[
    row('cloudtrail', opened_by_account_id, opened_by_event_id, opened_at),
    row('sign_ins', who_tenant_id, sign_in_id, cast(null as timestamp with time zone))
  ] as evidence,
  -- What names two identities is in landed records: later ones may end it, but none is awaited.
  false as is_provisional
from named
order by occurred_at, dedup_key
