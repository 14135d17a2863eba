/*---
id: known_accounts
title: Accounts that a report may be asked for
description: Every account that a landed record names or belongs to, and those that the configuration expects or gives to a team.
---*/
with heard as (
  select account_id from stg_events
  union
  select account_id from stg_task_events
  union
  select account_id from cor_sessions
  union
  select account_id from stg_application_logs
  union
  select name from cfg_expected where kind = 'account'
  union
  select name from cfg_teams where kind = 'account'
)

select account_id
from heard
where account_id is not null
order by account_id
