/*---
id: rpt_sign_in_to_session_rows
title: Every federated session
description: |
  Every session that a token or a SAML assertion opened in the period, in order of time, with who it names, the sign-in that issued the token,
  and the landed records of both. Sessions that others of these opened by role chaining are not listed here: they lead back to one of them.
key: [account_id, session_id]
parts: cor_sessions.opened_at
params: { from: timestamptz, to: timestamptz }
controls: [soc2:CC6.1, soc2:CC6.2, iso27001:A.5.16, iso27001:A.5.17, iso27001:A.8.5, iso27001:A.8.15]
---*/
with left_out as (select account_id, cluster_name, role_arn from report_left_out),

sessions as (
  select
    session_id, session_kind, account_id, opened_at, expires_at, opened_by_account_id, opened_by_event_id, role_arn, role_session_name,
    issuer, tenant_id, audience, subject, token_id, who_kind, who_tenant_id, who_object_id, who_issuer, who_subject, who_name, identity_method,
    confidence, sign_in_grade, sign_in_id, reason, is_provisional
  from cor_sessions s
  where
    session_kind in ('web_identity', 'saml') and is_issued and opened_at >= $from and opened_at < $to
    and not exists (
      select 1 from left_out o
      where o.account_id = coalesce(s.account_id, '') and o.cluster_name = '' and o.role_arn = coalesce(s.role_arn, '')
    )
),

identities as (select tenant_id, object_id, name from cor_identities),

sign_ins as (select tenant_id, sign_in_id, created_at, sign_in_kind, app_display_name from cor_sign_ins)

select
  s.opened_at, s.session_kind, s.role_arn, s.account_id, s.session_id, s.role_session_name,
  coalesce(s.who_name, i.name, s.who_object_id, s.who_subject) as who, s.who_kind, s.who_object_id, s.who_tenant_id, s.who_issuer, s.who_subject,
  s.identity_method as method, s.confidence, s.sign_in_grade, s.sign_in_id, g.created_at as signed_in_at, g.sign_in_kind as signed_in_kind,
  g.app_display_name as application,
  date_diff('millisecond', g.created_at, s.opened_at) / 1000.0 as age_seconds,
  date_diff('millisecond', s.opened_at, s.expires_at) / 1000.0 as length_seconds,
  s.issuer as token_issuer, s.audience, s.subject, s.token_id, s.reason,
  case when s.is_provisional then 'not yet due' else 'settled' end as state,
  case
    when g.sign_in_id is null then []
    else [
      cast(
        row('sign_in', 'sign_ins', g.tenant_id, g.sign_in_id, g.created_at)
        as row(hop varchar, source varchar, owner_id varchar, record_id varchar, record_at timestamptz)
      )
    ]
  end
  || case
    when s.opened_by_event_id is null then []
    else [
      cast(
        row('session', 'cloudtrail', s.opened_by_account_id, s.opened_by_event_id, s.opened_at)
        as row(hop varchar, source varchar, owner_id varchar, record_id varchar, record_at timestamptz)
      )
    ]
  end as evidence
from sessions s
left join identities i on i.tenant_id = s.who_tenant_id and i.object_id = s.who_object_id
left join sign_ins g on g.tenant_id = s.who_tenant_id and g.sign_in_id = s.sign_in_id
order by s.opened_at, s.session_id
