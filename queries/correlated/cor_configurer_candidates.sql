/*---
id: cor_configurer_candidates
title: Calls that may have configured a task, where nobody is picked
description: The latest call of each schedule or rule whose name fits, or every execution or job of the quarter of an hour before.
---*/
with unanswered as (select task_key from cor_task_launchers where reason = 'configurer_missing')

select
  m.task_key, m.account_id, m.event_id, m.event_at as "at", m.kind, m.name,
  case when m.is_by_time then 'one of several in the 15 minutes before the task' else 'one of several names that fit' end as why_not
from cor_configurer_matches m
inner join unanswered u on u.task_key = m.task_key
where m.is_by_time or m.choice_of_name = 1
