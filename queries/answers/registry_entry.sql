/*---
id: registry_entry
title: The registry's row for a subject
description: The issuer is compared without scheme and trailing slash (RULINGS 23).
params:
  issuer: { type: text, description: "Issuer as a URL" }
  audience: { type: text, description: "Audience of the token" }
  subject: { type: text, description: "Subject of the token" }
---*/
with registry as (select * from stg_identity_registry)

select issuer, audience, subject, batch_seq, record_number, record_sha256
from registry
where
  issuer = rtrim(regexp_replace($issuer, '^[a-z]+://', ''), '/') and audience = $audience and subject = $subject
order by batch_seq desc, record_number desc
limit 1
