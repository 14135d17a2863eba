/*---
id: find_sign_in
title: The identity behind a sign-in's id
description: An answer shows sign-in ids, so people ask for them. Of several tenants' the first.
params:
  sign_in_id: { type: text, description: "Id of the sign-in row, lower case" }
---*/
with sign_ins as (select tenant_id, object_id from cor_sign_ins where lower(sign_in_id) = $sign_in_id and object_id is not null)

select tenant_id, object_id
from sign_ins
order by tenant_id, object_id
limit 1
