/*---
id: rpt_traceability_identities
title: Who acted
description: |
  The identities behind the population, the most active first. An identity is its tenant and object id; a name is for show,
  and is the latest that the directory's rows give.
key: [who_kind, who_tenant_id, who_object_id, who_issuer, who]
params: { from: timestamptz, to: timestamptz }
controls: [soc2:CC6.2, soc2:CC6.3, iso27001:A.5.16]
---*/
with left_out as (select account_id, cluster_name, role_arn from report_left_out),

population as (
  select kind, p.at, account_id, who_kind, who_tenant_id, who_object_id, who_issuer, who_subject, who_name, how
  from cor_population p
  where
    p.at >= $from and p.at < $to
    and not exists (
      select 1 from left_out o
      where o.account_id = coalesce(p.account_id, '') and o.cluster_name = coalesce(p.cluster_name, '') and o.role_arn = coalesce(p.role_arn, '')
    )
),

identities as (select tenant_id, object_id, name from cor_identities),

named as (
  select
    p.kind, p.at, p.account_id, p.who_kind, p.who_object_id, p.who_tenant_id, p.how,
    coalesce(p.who_name, i.name, p.who_object_id, p.who_subject) as who,
    case when p.who_object_id is null then p.who_issuer end as who_issuer
  from population p
  left join identities i on i.tenant_id = p.who_tenant_id and i.object_id = p.who_object_id
)

select
  who, who_kind, who_object_id, who_tenant_id, who_issuer,
  count(*) filter (where kind = 'action') as actions,
  count(*) filter (where kind = 'task' and how = 'ran') as tasks_ran,
  count(*) filter (where kind = 'task' and how = 'configured') as tasks_configured,
  count(distinct account_id) as accounts,
  min(n.at) as first_at, max(n.at) as last_at
from named n
where who is not null
group by who, who_kind, who_object_id, who_tenant_id, who_issuer
order by count(*) desc, who, who_kind, who_object_id nulls last, who_tenant_id nulls last, who_issuer nulls last
