/*---
id: scope_opened
title: Sessions with a new STS record
description: Issued keys, and denied token requests by their caller key.
params: { since: { type: integer } }
---*/
select distinct coalesce(issued_key_id, caller_key) as session_id
from stg_sts_requests
where batch_seq > $since
  and (issued_key_id is not null or event_name in ('AssumeRoleWithWebIdentity', 'AssumeRoleWithSAML'))
