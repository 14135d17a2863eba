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
      then guid_of_little_endian(lower(hex(try(from_base64(translate(t, '-_', '+/') || '==')))))
    when regexp_full_match(t, '[A-Za-z0-9+/]{48}') then as_guid(try(decode(try(from_base64(t)))))
    else as_guid(t)
  end
);

-- `n` minutes after `t` (before it where n is negative).
create or replace macro minutes_after(t, n) as (t + to_minutes(n));

-- The number of the stretch of `n` minutes, counted from 1970, into which `t` falls. Makes a range join an equality join.
create or replace macro stretch_of(t, n) as (cast(epoch_us(t) // (cast(n as bigint) * 60000000) as bigint));
