/*---
id: findings_by_id
title: The findings whose ids begin so
description: At most three, so that a prefix that fits several is told from one that fits one. Reads finding_life.
params:
  prefix: { type: text, description: "The beginning of an id, lower case" }
---*/
with found as (
  select id, detection, status, opening, evidence_ids, evidence_sha256, summary from finding_life where starts_with(id, $prefix)
)

select id, detection, status, opening, evidence_ids, evidence_sha256, summary
from found
order by id
limit 3
