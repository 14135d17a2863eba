/*---
id: status_deliveries
title: What was delivered, by form
description: Counts of all deliveries, and the newest batch of each form.
---*/
with deliveries as (select * from stg_deliveries)

select
  form,
  cast(sum(records_read) as bigint) as "read", cast(sum(records_new) as bigint) as new,
  cast(sum(records_repeated) as bigint) as repeated, cast(sum(records_rejected) as bigint) as rejected,
  cast(sum(records_set_aside) as bigint) as set_aside, max(batch_seq) as last_batch_seq
from deliveries
group by form
order by form
