/*---
id: has_findings_table
title: Whether detections have ever run
description: One row, whose `is_there` says whether the table of findings exists.
---*/
select count(*) > 0 as is_there
from information_schema.tables
where table_name = 'findings'
