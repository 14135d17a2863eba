/*---
id: cor_caller_uses
title: When each caller was used, and how often
description: New records only; the driver adds them to what is stored.
params: { since: { type: integer } }
---*/
select
  caller_key, min(event_at) as first_used_at, max(event_at) as last_used_at, count(*) as calls
from stg_events
where batch_seq > $since
group by caller_key
