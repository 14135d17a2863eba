/*---
id: cor_caller_addresses
title: From where each caller called, and by which kind of program
description: |
  New records only; the driver adds them to what is stored. Services' own calls and calls on somebody's behalf are left out: their
  address is a service's name, and theirs is the network.
params: { since: { type: integer } }
---*/
select
  caller_key, source_ip, agent_family(user_agent) as agent_family,
  min(event_at) as first_used_at, max(event_at) as last_used_at, count(*) as calls
from stg_events
where batch_seq > $since and source_ip is not null and invoked_by is null
  and not ends_with(source_ip, '.amazonaws.com') and source_ip <> 'AWS Internal'
group by caller_key, source_ip, agent_family(user_agent)
