/*---
id: cor_sign_ins
title: The current version of each sign-in
description: |
  One row a sign-in id. Of two versions of one id the later retrieval wins, then the later update time, then the one with
  more filled fields, then the greater SHA-256 (RULINGS 19); rows without a time rank below those that have one.
scope: scope_sign_ins
---*/
with scope as (select tenant_id, sign_in_id from scope_sign_ins),

scoped as (
  select s.* from stg_sign_ins s inner join scope on scope.tenant_id = s.tenant_id and scope.sign_in_id = s.sign_in_id
),

-- Few sign-ins come in several versions; only those are ranked.
several as (select tenant_id, sign_in_id from scoped group by tenant_id, sign_in_id having count(*) > 1),

ranked as (
  select
    s.tenant_id, s.sign_in_id, s.record_sha256, s.batch_seq, s.member, s.record_number,
    row_number() over (
      partition by s.tenant_id, s.sign_in_id
      order by
        s.retrieved_at desc nulls last, s.row_updated_at desc nulls last, s.filled_fields desc, s.record_sha256 desc,
        s.batch_seq, s.member, s.record_number
    ) as version_rank
  from scoped s
  inner join several v on v.tenant_id = s.tenant_id and v.sign_in_id = s.sign_in_id
),

current_versions as (
  select s.*
  from scoped s
  left join ranked r
    on r.tenant_id = s.tenant_id and r.sign_in_id = s.sign_in_id and r.record_sha256 = s.record_sha256
    and r.batch_seq = s.batch_seq and r.member = s.member and r.record_number is not distinct from s.record_number
  where r.version_rank is null or r.version_rank = 1
)

select
  tenant_id, sign_in_id, created_at, sign_in_kind, is_success, error_code, object_id, user_id, user_principal_name,
  display_name, user_type, service_principal_id, app_id, app_display_name, resource_id, resource_display_name, ip_address,
  correlation_id, token_id, entra_session_id, federated_credential_id, agent_type, authentication_requirement,
  is_multi_factor, conditional_access_status, row_updated_at, retrieved_at, filled_fields, source_form, batch_seq, member, record_number,
  record_sha256
from current_versions
