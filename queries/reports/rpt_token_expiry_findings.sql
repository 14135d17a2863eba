/*---
id: rpt_token_expiry_findings
title: Refused, and accepted, after expiry
description: |
  Findings of the period about time: credentials or tokens that were refused since they had expired, calls that were accepted after a session had
  expired, sessions whose latest sign-in is older than a token can live, and sessions longer than the policy. Calls after a token's own end inside a
  living session are normal and are not listed.
key: [finding_id]
params: { from: timestamptz, to: timestamptz }
controls: [soc2:CC6.1, soc2:CC7.2, iso27001:A.8.5, iso27001:A.8.17]
---*/
with left_out as (select account_id, cluster_name, role_arn from report_left_out),

findings as (
  select detection, severity, status, occurred_at, subject_kind, subject_id, summary, id, evidence
  from finding_life f
  where
    occurred_at >= $from and occurred_at < $to
    and detection in (
      'expired_token_refused', 'activity_after_session_expiry', 'session_outside_token_lifetime', 'session_longer_than_policy'
    )
    and not exists (
      select 1 from left_out o
      where o.account_id = coalesce(f.account_id, '') and o.cluster_name = coalesce(f.cluster_name, '') and o.role_arn = coalesce(f.role_arn, '')
    )
),

unfolded as (
  select f.id, e.source, e.owner_id, e.record_id, e.record_at
  from findings f
  cross join unnest(f.evidence) as u (e)
),

gathered as (
  select
    id,
    array_agg(
      cast(
        row('evidence', source, owner_id, record_id, record_at)
        as row(hop varchar, source varchar, owner_id varchar, record_id varchar, record_at timestamptz)
      )
      order by record_at, source, owner_id, record_id
    ) as evidence
  from unfolded
  group by id
)

select
  f.occurred_at,
  case f.detection
    when 'expired_token_refused' then 'refused after expiry'
    when 'activity_after_session_expiry' then 'accepted after expiry'
    when 'session_outside_token_lifetime' then 'opened with a token older than one lives'
    else 'longer than policy'
  end as what,
  f.summary, f.severity, f.status, f.subject_kind, f.subject_id, f.id as finding_id, g.evidence
from findings f
left join gathered g on g.id = f.id
order by f.occurred_at, f.detection, f.id
