/*---
id: detection_counts
title: How many findings each detection has, by where they stand
description: Reads the temporary table finding_life. A detection without findings has no row.
---*/
select
  detection,
  count(*) filter (where status = 'provisional') as provisional,
  count(*) filter (where status = 'open') as open,
  count(*) filter (where status = 'acknowledged') as acknowledged,
  count(*) filter (where status = 'suppressed') as suppressed,
  count(*) filter (where status = 'resolved') as resolved
from finding_life
group by detection
order by detection
