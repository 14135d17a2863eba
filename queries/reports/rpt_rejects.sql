/*---
id: rpt_rejects
title: Records that could not be read
description: |
  Rejected records by reason, in everything that is landed, with the first of each. None of them counts anywhere else in
  this report.
key: [reason, form]
controls: [soc2:PI1.4]
---*/
with rejects as (select origin, record_number, form, reason from stg_rejects),

numbered as (
  select
    form, reason, origin, record_number,
    count(*) over (partition by form, reason) as records,
    row_number() over (partition by form, reason order by origin, record_number nulls last) as place
  from rejects
),

files as (select form, reason, count(distinct origin) as files from rejects group by form, reason)

select n.reason, n.form, n.records, f.files, n.origin as first_file, n.record_number as first_record
from numbered n
inner join files f on f.reason = n.reason and f.form is not distinct from n.form
where n.place = 1
order by n.records desc, n.reason, n.form nulls last
