/*---
id: cor_sign_in_candidates
title: Sign-ins that were considered and not picked
description: |
  All that fit where several do, latest first when shown; the other rows of a correlation id; the latest earlier one where it
  is older than a token can live; those from the session's address where nobody is named (RULINGS 11). Not of a session whose
  own source identity counted for nothing, because its root says who it is: they would be somebody else's.
---*/
with answers as (
  select i.*
  from cor_session_identities i
  inner join cor_sessions s on s.session_id = i.session_id
  where s.identity_session_id is null or s.identity_session_id = s.session_id
),

ambiguous as (
  select w.session_id, w.tenant_id, w.sign_in_id, w.created_at as "at", 'one of several that fit' as why_not
  from answers i
  inner join cor_window_sign_ins w
    on w.session_id = i.session_id and w.found = 'by_identity' and w.tenant_id = i.tenant_id and w.object_id = i.object_id
  where i.grade = 'ambiguous' and i.object_id is not null
),

addressed as (
  select w.session_id, w.tenant_id, w.sign_in_id, w.created_at as "at", 'one of several from the same address' as why_not
  from answers i
  inner join cor_window_sign_ins w on w.session_id = i.session_id and w.found = 'by_address'
  where i.grade = 'ambiguous' and i.object_id is null
),

correlated as (
  select i.session_id, s.tenant_id, s.sign_in_id, s.created_at as "at", 'another row of the same correlation id' as why_not
  from answers i
  inner join cor_tokens t on t.session_id = i.session_id
  inner join cor_sign_ins s
    on s.tenant_id = i.tenant_id and s.correlation_id = i.correlation_id and s.object_id = i.object_id
    and s.is_success and s.created_at <= minutes_after(t.opened_at, 2) and s.sign_in_id <> i.sign_in_id
  where i.grade = 'exact' and t.tag_uti is null and i.correlation_id is not null
),

earlier as (
  select session_id, tenant_id, earlier_sign_in_id as sign_in_id, earlier_created_at as "at", 'older than a token can live' as why_not
  from answers
  where reason = 'sign_in_too_old' and grade = 'none' and earlier_sign_in_id is not null
)

select session_id, tenant_id, sign_in_id, "at", why_not from ambiguous
union all select session_id, tenant_id, sign_in_id, "at", why_not from addressed
union all select session_id, tenant_id, sign_in_id, "at", why_not from correlated
union all select session_id, tenant_id, sign_in_id, "at", why_not from earlier
