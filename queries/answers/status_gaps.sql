/*---
id: status_gaps
title: Sources that are needed and never landed
description: |
  CloudTrail and ECS events; for each tenant that is ours (RULINGS 13), the sign-in kinds of which no row landed and that the
  configuration doesn't declare unused (ATTRIBUTION 4).
---*/
with sources as (select source, tenant_id, sign_in_kind from stg_sources),

kinds as (
  select * from (values ('interactive_user'), ('non_interactive_user'), ('service_principal'), ('managed_identity')) as k (sign_in_kind)
),

tenants as (
  select tenant_id from cfg_tenants
  union
  select tenant_id from sources where source = 'sign_ins' and tenant_id is not null and not exists (select 1 from cfg_tenants)
),

needed as (
  select 'cloudtrail' as source, cast(null as varchar) as tenant_id, cast(null as varchar) as sign_in_kind
  union all
  select 'ecs_events', null, null
  union all
  select 'sign_ins', t.tenant_id, k.sign_in_kind
  from tenants t cross join kinds k
  where k.sign_in_kind not in (select sign_in_kind from cfg_unused_sign_in_kinds)
)

select n.source, n.tenant_id, n.sign_in_kind
from needed n
left join sources s
  on s.source = n.source and s.tenant_id is not distinct from n.tenant_id and s.sign_in_kind is not distinct from n.sign_in_kind
where s.source is null
order by n.source, n.tenant_id nulls first, n.sign_in_kind nulls first
