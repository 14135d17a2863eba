/*---
id: cor_keyless_callers
title: Callers without a key, and the sessions that could be theirs
description: |
  principalId and creationDate equal to those of a landed session. Real logs issue several keys in one second: only where
  exactly one session has both is it the one (ATTRIBUTION 2).
---*/
select
  c.caller_key, min(o.session_id) as session_id, count(*) as sessions
from cor_callers c
inner join cor_sessions_opened o
  on o.issued_principal_id = c.principal_id and date_trunc('second', o.opened_at) = c.session_created_at
where c.caller_key like '%@%' and c.principal_id is not null and c.session_created_at is not null and o.is_issued
group by c.caller_key
