/*---
id: identity_span
title: When an identity's callers were used
description: The first and last use of every caller that leads back to the identity, so that its calls are looked for nowhere else.
params:
  tenant_id: { type: text, default: null, description: "Entra tenant; null where none is known" }
  object_id: { type: text, description: "Object id" }
---*/
with sessions as (
  select session_id
  from cor_sessions
  where who_object_id = $object_id and who_tenant_id is not distinct from $tenant_id
)

select min(first_used_at) as first_used_at, max(last_used_at) as last_used_at
from cor_callers
where session_id in (select session_id from sessions)
order by first_used_at
