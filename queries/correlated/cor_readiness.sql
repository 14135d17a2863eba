/*---
id: cor_readiness
title: How far each tenant's sign-ins are landed, by what an absence needs
description: |
  A person's absence needs both user kinds; a workload's the kind in which it is known, else both workload kinds
  (ATTRIBUTION 4). Kinds that the config declares unused need nothing. `kinds_missing`: needed and never landed.
---*/
with needs as (
  select * from (values
    ('person', 'interactive_user'), ('person', 'non_interactive_user'),
    ('workload', 'service_principal'), ('workload', 'managed_identity'),
    ('service_principal', 'service_principal'), ('managed_identity', 'managed_identity')
  ) as n (need, sign_in_kind)
),

tenants as (
  select tenant_id from cfg_tenants
  union
  select tenant_id from stg_sources where source = 'sign_ins'
),

landed as (
  select tenant_id, sign_in_kind, first_at, complete_through from stg_sources where source = 'sign_ins'
),

needed as (
  select t.tenant_id, n.need, n.sign_in_kind, u.sign_in_kind is null as is_needed
  from tenants t
  cross join needs n
  left join cfg_unused_sign_in_kinds u on u.sign_in_kind = n.sign_in_kind
)

select
  n.tenant_id, n.need,
  cast(count(*) filter (where n.is_needed and l.sign_in_kind is null) as integer) as kinds_missing,
  max(l.first_at) filter (where n.is_needed) as first_at,
  min(l.complete_through) filter (where n.is_needed) as complete_through,
  bool_or(n.is_needed) as is_needed
from needed n
left join landed l on l.tenant_id = n.tenant_id and l.sign_in_kind = n.sign_in_kind
group by n.tenant_id, n.need
