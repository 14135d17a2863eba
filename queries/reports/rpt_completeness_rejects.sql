/*---
id: rpt_completeness_rejects
title: Every record that could not be read
description: |
  Rejected records, each with where it lies in what was delivered and why it could not be read. Their bytes are landed, and none of them counts elsewhere.
controls: [soc2:PI1.4, iso27001:A.8.15]
---*/
with rejects as (select batch_seq, member, origin, record_number, form, reason from stg_rejects)

select batch_seq, origin, record_number, form, reason as reject_reason
from rejects
order by batch_seq nulls first, member nulls first, record_number nulls first, origin, reason
