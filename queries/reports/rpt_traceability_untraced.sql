/*---
id: rpt_traceability_untraced
title: Actions and tasks without an answer
description: |
  Everything in the population that is not traced, and everything that is not yet due: the logs that would decide are not
  complete so far. Not traced first, each in order of time.
key: [account_id, kind, id]
params: { from: timestamptz, to: timestamptz }
controls: [soc2:CC7.2, soc2:CC7.3, iso27001:A.8.16]
---*/
with left_out as (select account_id, cluster_name, role_arn from report_left_out),

population as (
  select
    p.at, kind, name, id, account_id, cluster_name, outcome, reason, session_id, who_kind, who_tenant_id, who_object_id,
    who_issuer, who_subject, who_name
  from cor_population p
  where
    p.at >= $from and p.at < $to and outcome in ('not_traced', 'not_yet_due')
    and not exists (
      select 1 from left_out o
      where o.account_id = coalesce(p.account_id, '') and o.cluster_name = coalesce(p.cluster_name, '') and o.role_arn = coalesce(p.role_arn, '')
    )
),

identities as (select tenant_id, object_id, name from cor_identities)

select
  p.at, p.outcome, p.reason, p.kind, p.name, p.id, p.account_id, p.cluster_name as cluster,
  coalesce(p.who_name, i.name, p.who_subject, p.who_object_id) as who, p.who_kind, p.who_object_id, p.session_id
from population p
left join identities i on i.tenant_id = p.who_tenant_id and i.object_id = p.who_object_id
order by case p.outcome when 'not_traced' then 1 else 2 end, p.at, p.kind, p.account_id, p.id
