/*---
id: sign_in
title: One sign-in, as it stands now
description: The current version of a sign-in row (RULINGS 19).
params:
  tenant_id: { type: text, description: "Entra tenant" }
  sign_in_id: { type: text, description: "Id of the sign-in row" }
---*/
with sign_ins as (select * from cor_sign_ins where tenant_id = $tenant_id and sign_in_id = $sign_in_id)

select
  tenant_id, sign_in_id, created_at, sign_in_kind, is_success, object_id, user_principal_name, display_name, app_id,
  app_display_name, resource_id, resource_display_name, ip_address, correlation_id, token_id,
  authentication_requirement, conditional_access_status, record_sha256
from sign_ins
order by tenant_id, sign_in_id
