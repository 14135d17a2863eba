/*---
id: rpt_deliveries
title: What was delivered
description: |
  Records by their form, in everything that is landed, whatever its time: a record that cannot be read has no time to
  trust. Read = new + repeated + rejected + set aside. Set aside are CloudTrail's digest and Insights objects, which hold
  no calls.
key: [form]
controls: [soc2:PI1.4, iso27001:A.8.15]
---*/
with deliveries as (
  select
    batch_seq, member, origin, form, records_read, records_new, records_repeated, records_rejected, records_set_aside
  from stg_deliveries
)

select
  form,
  count(distinct origin) as files,
  cast(sum(records_read) as bigint) as records_read,
  cast(sum(records_new) as bigint) as records_new,
  cast(sum(records_repeated) as bigint) as records_repeated,
  cast(sum(records_rejected) as bigint) as records_rejected,
  cast(sum(records_set_aside) as bigint) as records_set_aside
from deliveries
group by form
order by form
