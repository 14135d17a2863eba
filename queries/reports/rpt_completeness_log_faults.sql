/*---
id: rpt_completeness_log_faults
title: Faults of whoran's own logs and batches
description: |
  Lines that do not follow from the line before, and batches that are altered, cut short or gone, as the latest run found them.
controls: [soc2:PI1.4, iso27001:A.5.33]
---*/
with faults as (select file, line, message, found_at from stg_integrity_faults)

select file as log_file, line as log_line, message, found_at
from faults
order by file, line, message
