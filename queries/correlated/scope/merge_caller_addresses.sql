/*---
id: merge_caller_addresses
title: Adds new uses to what is known of each caller's addresses
description: Least and greatest times, counts added up, so that order never matters.
---*/
create or replace temp table merged_caller_addresses as
select
  n.caller_key, n.source_ip, n.agent_family,
  least(n.first_used_at, a.first_used_at) as first_used_at,
  greatest(n.last_used_at, a.last_used_at) as last_used_at,
  n.calls + coalesce(a.calls, 0) as calls
from new_caller_addresses n
left join cor_caller_addresses a on a.caller_key = n.caller_key and a.source_ip = n.source_ip and a.agent_family = n.agent_family;

delete from cor_caller_addresses using merged_caller_addresses m
where cor_caller_addresses.caller_key = m.caller_key and cor_caller_addresses.source_ip = m.source_ip
  and cor_caller_addresses.agent_family = m.agent_family;

insert into cor_caller_addresses by name select * from merged_caller_addresses;
