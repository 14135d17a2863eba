/*---
id: point_callers
title: Points callers without a key at their sessions
description: To the one session with that principalId and creationDate; to themselves where there is none, or several.
---*/
create or replace temp table changed_callers as
select c.caller_key, case when k.sessions = 1 then k.session_id else c.caller_key end as session_id
from cor_callers c
left join cor_keyless_callers k on k.caller_key = c.caller_key
where c.caller_key like '%@%'
  and c.session_id <> case when k.sessions = 1 then k.session_id else c.caller_key end;

update cor_callers set
  session_id = p.session_id,
  session_method = 'principal_and_creation'
from changed_callers p
where cor_callers.caller_key = p.caller_key;
