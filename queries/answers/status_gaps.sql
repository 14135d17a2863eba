/*---
id: status_gaps
title: What is needed or expected, and never landed
description: |
  CloudTrail and ECS events; for each tenant that is ours (RULINGS 13), the sign-in kinds of which no row landed and that the
  configuration doesn't declare unused (ATTRIBUTION 4); accounts, regions and clusters that the configuration expects and that
  no record names, as `expected_<kind>` with their name.
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
),

heard as (
  select distinct 'account' as kind, account_id as name from stg_events
  union
  select distinct 'region', aws_region from stg_events
  union
  select 'account', account_id from stg_task_events
  union
  select 'region', aws_region from stg_task_events
  union
  select 'cluster', regexp_extract(cluster_arn, '[^/]+$') from stg_task_events
  union
  select 'cluster', cluster_name from stg_ecs_actions
),

missing as (
  select n.source, n.tenant_id, n.sign_in_kind, cast(null as varchar) as name
  from needed n
  left join sources s
    on s.source = n.source and s.tenant_id is not distinct from n.tenant_id and s.sign_in_kind is not distinct from n.sign_in_kind
  where s.source is null
  union all
  select 'expected_' || e.kind, null, null, e.name
  from cfg_expected e
  left join heard h on h.kind = e.kind and h.name = e.name
  where h.name is null
)

select source, tenant_id, sign_in_kind, name
from missing
order by source, tenant_id nulls first, sign_in_kind nulls first, name nulls first
