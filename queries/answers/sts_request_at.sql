/*---
id: sts_request_at
title: When a call for credentials happened
description: Of the other half of a cross-account pair, of which a session keeps only the key.
params:
  account_id: { type: text, description: "Account that holds the record" }
  event_id: { type: text, description: "Its event id" }
---*/
with requests as (select account_id, event_id, event_at from stg_sts_requests)

select event_at
from requests
where event_id = $event_id and account_id = $account_id
order by event_at
limit 1
