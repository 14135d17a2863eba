/*---
id: cor_addresses
title: What is known of each address
description: |
  Every address that a landed call or token came from, with what the configuration says of it. Made anew each time: the
  configuration may have changed, and there are few.
---*/
with seen as (
  select source_ip as address from cor_caller_addresses
  union
  select source_ip from cor_sessions_opened where source_ip is not null
),

keyed as (select address, address_key(address) as address_key from seen),

-- What no route leads to from outside: calls through a VPC endpoint show such addresses.
private_ranges as (
  select unnest(['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', '100.64.0.0/10', '127.0.0.0/8', '169.254.0.0/16', 'fc00::/7', 'fe80::/10', '::1/128']) as range
),

ranges as (
  select range, true as is_ours from cfg_egress_ranges
  union all
  select range, false from private_ranges
),

keyed_ranges as (select is_ours, address_key(split_part(range, '/', 1)) as range_key, range_bits(range) as bits from ranges),

bounds as (select is_ours, range_end(range_key, bits, false) as first_key, range_end(range_key, bits, true) as last_key from keyed_ranges)

select
  k.address, k.address_key,
  coalesce(bool_or(r.is_ours), false) as is_known_egress,
  ends_with(k.address, '.amazonaws.com') or k.address = 'AWS Internal' as is_aws_service,
  coalesce(bool_or(not r.is_ours), false) as is_private
from keyed k
left join bounds r on k.address_key between r.first_key and r.last_key
group by k.address, k.address_key
