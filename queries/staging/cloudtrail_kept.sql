/*---
id: cloudtrail_kept
title: Records of the chunk that go in
description: |
  Neither rejected, nor set aside, nor an addendum; what is known already (`dedupe_dropped`) has been taken out of the chunk.
---*/
create or replace temp view cloudtrail_kept as
select *
from cloudtrail_chunk
where reject_reason is null and not is_set_aside and not is_addendum;

-- Their rows in stg_events.
create or replace temp view cloudtrail_events as
select
  account_id, event_id, event_at, event_source, event_name, aws_region, source_ip, user_agent, error_code, error_message,
  is_read_only, event_type, identity_type, principal_id, principal_arn, identity_account_id, identity_user_name, access_key_id,
  invoked_by, session_created_at, session_issuer_arn, source_identity, caller_key, resource, shared_event_id,
  source_rank, batch_seq, member, record_number, record_sha256, event_id_hash, content_hash
from cloudtrail_kept;
