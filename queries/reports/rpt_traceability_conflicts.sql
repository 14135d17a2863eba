/*---
id: rpt_traceability_conflicts
title: Sessions whose evidence names different people
description: |
  Sessions that were opened in the period, or stand behind its actions and tasks, where two methods name different
  identities. The strongest method decides the answer; the disagreement is shown because somebody chose a field to mislead, or
  a mapping is wrong.
key: [session_id]
params: { from: timestamptz, to: timestamptz }
controls: [soc2:CC7.2, soc2:CC7.3]
---*/
with sessions as (
  select
    session_id, opened_at, role_arn, session_arn, who_kind, who_tenant_id, who_object_id, who_name, who_subject, identity_method, conflicts
  from cor_sessions
  where conflicts is not null
),

behind as (
  select session_id, count(*) as population from cor_population p where p.at >= $from and p.at < $to group by session_id
),

identities as (select tenant_id, object_id, name from cor_identities)

select
  s.opened_at, s.session_id, coalesce(s.session_arn, s.role_arn) as session_arn,
  coalesce(s.who_name, i.name, s.who_object_id, s.who_subject) as who, s.who_kind, s.who_object_id,
  s.identity_method as method, s.conflicts, coalesce(b.population, 0) as population
from sessions s
left join behind b on b.session_id = s.session_id
left join identities i on i.tenant_id = s.who_tenant_id and i.object_id = s.who_object_id
where (s.opened_at >= $from and s.opened_at < $to) or b.session_id is not null
order by s.opened_at nulls last, s.session_id
