/*---
id: caller
title: The session behind a caller
description: One caller, the session that it is, and the method that says so.
params:
  caller_key: { type: text, description: "Key of cor_callers" }
---*/
with callers as (select * from cor_callers where caller_key = $caller_key)

select caller_key, session_id, session_method, first_used_at, last_used_at, calls
from callers
order by caller_key
