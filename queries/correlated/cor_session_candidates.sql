/*---
id: cor_session_candidates
title: Sessions that might be the origin of a caller without a key
description: Where several were issued to that principal in that second, none is picked and all are listed.
---*/
with several as (select caller_key from cor_keyless_callers where sessions > 1)

select
  c.caller_key, o.session_id, o.opened_at as "at", 'one of several issued to that principal in that second' as why_not
from several
inner join cor_callers c on c.caller_key = several.caller_key
inner join cor_sessions_opened o
  on o.issued_principal_id = c.principal_id and date_trunc('second', o.opened_at) = c.session_created_at and o.is_issued
