/*---
id: address_sign_ins
title: The sign-ins from an address
description: Current versions, failed ones too, newest first (RULINGS 23). `total` counts them all.
params:
  address: { type: text, description: "IP address, lower case" }
  from_at: { type: timestamp, default: null, description: "At or after this instant" }
  to_at: { type: timestamp, default: null, description: "Before this instant" }
  row_limit: { type: integer, description: "How many rows at most" }
---*/
with sign_ins as (
  select
    sign_in_id, created_at, tenant_id, object_id, display_name, user_principal_name, app_display_name, app_id, ip_address, is_success
  from cor_sign_ins
  where
    lower(ip_address) = $address
    and ($from_at::timestamptz is null or created_at >= $from_at::timestamptz)
    and ($to_at::timestamptz is null or created_at < $to_at::timestamptz)
)

select
  sign_in_id as id, created_at as "at", tenant_id, object_id, coalesce(display_name, user_principal_name) as name,
  coalesce(app_display_name, app_id) as application, ip_address as address, is_success, count(*) over () as total
from sign_ins
order by created_at desc, tenant_id, sign_in_id
limit $row_limit
