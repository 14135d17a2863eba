/*---
id: merge_callers
title: Adds new uses to what is known of each caller
description: |
  Least and greatest times, counts added up; of the fields, the least value ever seen. A caller that a landed record issued
  keeps none of the fields, whenever that record came.
---*/
create or replace temp table merged_callers as
select
  u.caller_key, u.caller_key as session_id,
  case when regexp_matches(u.caller_key, '@\d{4}-\d{2}-\d{2}T[0-9:]+Z$') then 'principal_and_creation' else 'access_key' end as session_method,
  case when o.session_id is null then least(c.account_id, d.account_id) end as account_id,
  case when o.session_id is null then least(c.identity_type, d.identity_type) end as identity_type,
  case when o.session_id is null then least(c.principal_id, d.principal_id) end as principal_id,
  case when o.session_id is null then least(c.principal_arn, d.principal_arn) end as principal_arn,
  case when o.session_id is null then least(c.identity_user_name, d.identity_user_name) end as identity_user_name,
  case when o.session_id is null then least(c.session_created_at, d.session_created_at) end as session_created_at,
  case when o.session_id is null then least(c.session_issuer_arn, d.session_issuer_arn) end as session_issuer_arn,
  case when o.session_id is null then least(c.invoked_by, d.invoked_by) end as invoked_by,
  case when o.session_id is null then least(c.source_identity, d.source_identity) end as source_identity,
  least(u.first_used_at, c.first_used_at) as first_used_at,
  greatest(u.last_used_at, c.last_used_at) as last_used_at,
  u.calls + coalesce(c.calls, 0) as calls
from cor_caller_uses u
left join cor_callers c on c.caller_key = u.caller_key
left join cor_caller_details d on d.caller_key = u.caller_key
left join cor_sessions_opened o on o.session_id = u.caller_key;

delete from cor_callers using merged_callers m where cor_callers.caller_key = m.caller_key;

insert into cor_callers by name select * from merged_callers;

update cor_callers set
  account_id = null, identity_type = null, principal_id = null, principal_arn = null, identity_user_name = null,
  session_created_at = null, session_issuer_arn = null, invoked_by = null, source_identity = null
from scope_opened s
where s.session_id = cor_callers.caller_key;
