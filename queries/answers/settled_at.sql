/*---
id: settled_at
title: When something is settled
description: An instant and the settling time that correlation used (ATTRIBUTION 4).
params:
  from_at: { type: timestamp, description: "What the settling time counts from" }
---*/
with settings as (select settle_minutes from cfg_settings)

select $from_at::timestamptz + settle_minutes * interval 1 minute as settled_at
from settings
order by settled_at
