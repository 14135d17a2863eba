/*---
id: sample_positions
title: A reproducible sample of a population
description: |
  Of the positions 1 to `$population` those `$size` whose SHA-256 of seed, line feed and position is least: anybody can draw the same again
  with nothing but the seed. Each position is as likely as any other, and whoever made the population could not know the seed. In order of position.
params: { population: bigint, size: bigint, seed: varchar }
---*/
with positions as (
  select unnest(range(1, cast($population as bigint) + 1)) as position
),

drawn as (
  select position, sha256($seed || chr(10) || cast(position as varchar)) as lot
  from positions
  order by lot, position
  limit $size
)

select position, lot
from drawn
order by position
