/*---
id: sign_in_candidates
title: Sign-ins that were considered and not picked
description: Of the session on which the identity was set, and of the root; the latest first.
params:
  session_ids: { type: text_list, description: "Keys of cor_sessions" }
---*/
with candidates as (
  select sign_in_id, "at", why_not from cor_sign_in_candidates where list_contains($session_ids, session_id)
)

select distinct sign_in_id, "at", why_not
from candidates
order by "at" desc, sign_in_id, why_not
