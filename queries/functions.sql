/*---
id: functions
title: What an engine must bring
description: |
  The few functions that the correlated layer uses beyond the common subset of DuckDB and Trino. Each engine defines them
  in its own dialect; this is DuckDB's. Nothing here reads a table.
---*/

-- A GUID in lower case, or null where the text is none or is all zeros.
create or replace macro as_guid(t) as (
  case
    when regexp_full_match(lower(t), '[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}')
      and lower(t) <> '00000000-0000-0000-0000-000000000000'
    then lower(t)
  end
);

-- The GUID whose 16 bytes, in .NET's little-endian order, are `h` in hex.
create or replace macro guid_of_little_endian(h) as (
  as_guid(
    h[7:8] || h[5:6] || h[3:4] || h[1:2] || '-' || h[11:12] || h[9:10] || '-' || h[15:16] || h[13:14]
    || '-' || h[17:20] || '-' || h[21:32]
  )
);

-- An Entra unique token identifier as a GUID (entra.md 2.2): base64url of the GUID's 16 bytes (22 characters), or base64 of
-- its text (48 characters), or the GUID itself. Null where it is none of them. Case matters: never fold it first.
create or replace macro token_guid(t) as (
  case
    when regexp_full_match(t, '[A-Za-z0-9_-]{22}')
      then list_transform([lower(hex(try(from_base64(translate(t, '-_', '+/') || '=='))))], lambda bytes: guid_of_little_endian(bytes))[1]
    when regexp_full_match(t, '[A-Za-z0-9+/]{48}') then as_guid(try(decode(try(from_base64(t)))))
    else as_guid(t)
  end
);

-- `n` minutes after `t` (before it where n is negative).
create or replace macro minutes_after(t, n) as (t + to_minutes(n));

-- The number of the stretch of `n` minutes, counted from 1970, into which `t` falls. Makes a range join an equality join.
create or replace macro stretch_of(t, n) as (cast(epoch_us(t) // (cast(n as bigint) * 60000000) as bigint));

-- An address as 32 hex digits, or null where the text is none (a service's name, `AWS Internal`). IPv4 as ::ffff:a.b.c.d, so that one
-- address has one key in either spelling, and a CIDR range is a range of texts. No zones, no prefixes.
create or replace macro ipv4_hex(t) as (
  array_to_string(list_transform(string_split(t, '.'), lambda part: format('{:02x}', cast(part as integer))), '')
);
create or replace macro ipv6_digits(groups) as (
  array_to_string(list_transform(groups, lambda part: lpad(part, 4, '0')), '')
);
create or replace macro ipv6_parts(t) as (case when t = '' then cast([] as varchar[]) else string_split(t, ':') end);
create or replace macro ipv6_key(t) as (
  case
    when regexp_full_match(t, '([0-9a-f]{1,4}:){7}[0-9a-f]{1,4}') then ipv6_digits(string_split(t, ':'))
    when regexp_full_match(t, '([0-9a-f]{1,4}(:[0-9a-f]{1,4})*)?::([0-9a-f]{1,4}(:[0-9a-f]{1,4})*)?')
      and len(ipv6_parts(split_part(t, '::', 1))) + len(ipv6_parts(split_part(t, '::', 2))) <= 7
    then rpad(ipv6_digits(ipv6_parts(split_part(t, '::', 1))), cast(32 - length(ipv6_digits(ipv6_parts(split_part(t, '::', 2)))) as integer), '0')
      || ipv6_digits(ipv6_parts(split_part(t, '::', 2)))
  end
);
create or replace macro is_ipv4(t) as (regexp_full_match(t, '((25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])\.){3}(25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])'));
-- The last two groups may be written as IPv4.
create or replace macro ipv6_spelled(t) as (
  case
    when is_ipv4(split_part(t, ':', -1))
    then left(t, length(t) - length(split_part(t, ':', -1))) || regexp_replace(ipv4_hex(split_part(t, ':', -1)), '^(.{4})', '\1:')
    else t
  end
);
-- A macro's argument is copied wherever its name stands: bound once here, by a list of one, or these copies alone take half a second to plan.
create or replace macro address_key(t) as (
  case
    when is_ipv4(t) then '00000000000000000000ffff' || ipv4_hex(t)
    when contains(t, ':') then list_transform([ipv6_spelled(lower(t))], lambda spelled: ipv6_key(spelled))[1]
  end
);

-- How many bits of the address key a CIDR range fixes; and the least and the greatest key with those bits of `key`.
create or replace macro range_bits(t) as (cast(try_cast(split_part(t, '/', 2) as integer) + case when contains(t, ':') then 0 else 96 end as integer));
create or replace macro range_digit(digit, free, is_last) as (
  format('{:x}', cast((strpos('0123456789abcdef', digit) - 1) // (1 << free) * (1 << free) + case when is_last then (1 << free) - 1 else 0 end as integer))
);
create or replace macro range_end(key, bits, is_last) as (
  rpad(
    left(key, bits // 4) || case when bits % 4 > 0 then range_digit(substr(key, bits // 4 + 1, 1), 4 - bits % 4, is_last) else '' end,
    32, case when is_last then 'f' else '0' end)
);

-- A user agent's first product: `aws-cli/2.33.2 md/…` is aws-cli. Versions change from call to call, the program hardly.
create or replace macro agent_family(t) as (coalesce(regexp_extract(t, '^\[?([^/ ]+)', 1), ''));
