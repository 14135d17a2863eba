/*---
id: identity_registry
title: Entries of the identity registry, cleaned and typed
description: |
  One row an entry of an imported registry (CSV or JSON), with the columns of `stg_identity_registry` and `reject_reason`:
  null where the entry goes in. Issuers lose their scheme and trailing slash (RULINGS 23). Subjects and audiences are
  compared as they stand: Entra's pairwise subjects differ by case.
---*/
with parsed as (
  select batch_seq, record_number, record_sha256,
    json_transform(record, '{
      "issuer": "VARCHAR", "audience": "VARCHAR", "subject": "VARCHAR", "tenant_id": "VARCHAR", "object_id": "VARCHAR",
      "name": "VARCHAR", "kind": "VARCHAR"}') as r
  from framed
  where form = 'identity_registry'
),

typed as (
  select batch_seq, record_number, record_sha256,
    nullif(rtrim(regexp_replace(trim(r."issuer"), '^(?i:https?)://', ''), '/'), '') as issuer,
    nullif(trim(r."audience"), '') as audience,
    nullif(trim(r."subject"), '') as subject,
    nullif(regexp_replace(lower(trim(r."tenant_id")), '^[0-]*$', ''), '') as tenant_id,
    nullif(regexp_replace(lower(trim(r."object_id")), '^[0-]*$', ''), '') as object_id,
    nullif(trim(r."name"), '') as name,
    nullif(lower(trim(r."kind")), '') as kind
  from parsed
)

select
  issuer,
  audience,
  subject,
  tenant_id,
  object_id,
  name,
  kind,
  batch_seq,
  record_number,
  record_sha256,
  case
    when issuer is null then 'field issuer: expected the token''s issuer, found none'
    when audience is null then 'field audience: expected the token''s audience, found none'
    when subject is null then 'field subject: expected the token''s subject, found none'
    when tenant_id is null then 'field tenant_id: expected the tenant''s id, found none'
    when object_id is null then 'field object_id: expected the id of the user or service principal, found none'
    when kind not in ('person', 'workload', 'agent') then 'field kind: expected person, workload or agent, found "'
      || left(regexp_replace(kind, '[\x00-\x1f\x7f"]', '?', 'g'), 60) || '"'
  end as reject_reason
from typed
order by batch_seq, record_number
