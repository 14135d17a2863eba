/*---
id: session_candidates
title: Sessions that might be the origin of a caller
description: Where a caller has no key, and several sessions share its principal and creation time; the latest first.
params:
  caller_key: { type: text, description: "Key of cor_callers" }
---*/
with candidates as (select session_id, "at", why_not from cor_session_candidates where caller_key = $caller_key)

select session_id, "at", why_not
from candidates
order by "at" desc, session_id, why_not
