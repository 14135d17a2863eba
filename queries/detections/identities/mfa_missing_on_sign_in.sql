/*---
id: mfa_missing_on_sign_in
title: A single factor was enough for an AWS session
description: |
  A person's session whose sign-in in Entra used one factor: none other was required, used, or carried over as a claim. A refresh that
  nobody was asked for (a non-interactive sign-in) says as a rule that one factor was enough, whatever its token carries; so it is judged
  by the sign-in that began its Entra session: it fires only where that one is landed and had one factor, and never where any earlier
  sign-in of the same Entra session had two. One finding a sign-in that a person made: its subject is the first session that came of it.
  Not seen: sessions without a matched sign-in, or with several that fit; refreshes whose first sign-in is not landed; rows of Graph v1.0,
  which name no factors; workloads, which have none. Whether a certificate counts as two factors is as Entra says.
severity: medium
sources: [cloudtrail, sign_ins]
controls: [soc2:CC6.1, soc2:CC6.6, iso27001:A.5.17, iso27001:A.8.5]
false_positives: |
  A session of the browser whose second factor was given before the first landed sign-in; a second factor that another identity provider
  asked for and did not tell Entra of; accounts kept without one on purpose, for emergencies.
runbook: |
  1. Ask for the session (`whoran ask` with its key) and read its sign-in: from where, with which application.
  2. Look in Entra why no policy asked for a second factor (Conditional Access, "Not applied"), and whether the person has one registered.
  3. Require one for the applications that lead to AWS; if the sign-in is not understood, revoke the person's sessions and those of the role.
---*/
with sessions as (
  select
    session_id, session_kind, opened_at, role_arn, who_tenant_id, who_object_id, sign_in_id, reason, is_provisional, opened_by_account_id, opened_by_event_id
  from cor_sessions
  where is_issued and who_kind = 'person' and sign_in_id is not null
    -- Those that a sign-in led to, not what they opened further on.
    and identity_session_id = session_id
),
sign_ins as (
  select tenant_id, sign_in_id, created_at, sign_in_kind, object_id, entra_session_id, is_multi_factor
  from cor_sign_ins
  where is_success and sign_in_kind in ('interactive_user', 'non_interactive_user')
),
identities as (
  select tenant_id, object_id, name
  from cor_identities
),
settings as (
  select max(settle_minutes) as settle_minutes
  from cfg_settings
),
landed as (
  select tenant_id, min(complete_through) as complete_through, count(complete_through) as complete, count(*) as kinds
  from stg_sources
  where source = 'sign_ins' and sign_in_kind in ('interactive_user', 'non_interactive_user')
  group by tenant_id
),
single as (
  select
    s.session_id, s.opened_at, s.role_arn, s.who_tenant_id, s.who_object_id, s.reason, s.is_provisional, s.opened_by_account_id, s.opened_by_event_id,
    i.sign_in_id, i.created_at, i.sign_in_kind, i.entra_session_id
  from sessions s
  join sign_ins i on i.tenant_id = s.who_tenant_id and i.sign_in_id = s.sign_in_id and i.object_id = s.who_object_id
  where i.is_multi_factor = false
),
-- The sign-ins of the same person in the same Entra session, from the first to this one.
before as (
  select
    s.session_id, b.sign_in_id, b.created_at, b.sign_in_kind, b.is_multi_factor,
    row_number() over (partition by s.session_id, b.sign_in_kind order by b.created_at, b.sign_in_id) as place
  from single s
  join sign_ins b
    on b.tenant_id = s.who_tenant_id and b.object_id = s.who_object_id and b.entra_session_id = s.entra_session_id and b.created_at <= s.created_at
),
excused as (
  select distinct session_id
  from before
  where is_multi_factor
),
begun as (
  select session_id, sign_in_id, created_at, is_multi_factor
  from before
  where sign_in_kind = 'interactive_user' and place = 1
),
judged as (
  select
    s.session_id, s.opened_at, s.role_arn, s.who_tenant_id, s.who_object_id, s.reason, s.is_provisional, s.opened_by_account_id, s.opened_by_event_id,
    s.sign_in_id, s.created_at, b.sign_in_id as begun_id, b.created_at as begun_at,
    coalesce(b.sign_in_id, s.sign_in_id) as made_id
  from single s
  left join excused e on e.session_id = s.session_id
  left join begun b on b.session_id = s.session_id
  where e.session_id is null and (s.sign_in_kind = 'interactive_user' or b.is_multi_factor = false)
),
counted as (
  select
    session_id, opened_at, role_arn, who_tenant_id, who_object_id, reason, is_provisional, opened_by_account_id, opened_by_event_id,
    sign_in_id, created_at, begun_id, begun_at, made_id,
    row_number() over (partition by who_tenant_id, made_id order by opened_at, session_id) as place,
    count(*) over (partition by who_tenant_id, made_id) as sessions
  from judged
)
select
  'session' as subject_kind,
  c.session_id as subject_id,
  c.opened_at as occurred_at,
  coalesce(i.name, c.who_object_id) || ' opened session ' || c.session_id || ' of ' || coalesce(c.role_arn, 'an unknown role')
    || case when c.begun_id is null or c.begun_id = c.sign_in_id then ' after a sign-in' else ' by a token that goes back to a sign-in' end || ' with a single factor'
    || case when c.sessions > 1 then ', the first of ' || cast(c.sessions as varchar) || ' sessions' else '' end as summary,
  'mfa_missing_on_sign_in/' || c.who_tenant_id || '/' || c.made_id as dedup_key,
  c.reason,
  array[
    row('cloudtrail', c.opened_by_account_id, c.opened_by_event_id, c.opened_at),
    row('sign_ins', c.who_tenant_id, c.sign_in_id, c.created_at),
    row('sign_ins', c.who_tenant_id, case when c.begun_id <> c.sign_in_id then c.begun_id end, c.begun_at)
  ] as evidence,
  -- Entra fills in how somebody authenticated some time after the row appears, and an earlier sign-in may come late.
  c.is_provisional or g.settle_minutes is null or l.tenant_id is null or l.complete < l.kinds
    or l.complete_through < c.created_at + g.settle_minutes * interval '1' minute as is_provisional
from counted c
cross join settings g
left join landed l on l.tenant_id = c.who_tenant_id
left join identities i on i.tenant_id = c.who_tenant_id and i.object_id = c.who_object_id
where c.place = 1
order by occurred_at, dedup_key
