/*---
id: rpt_traceability_chain
title: From hop to hop
description: |
  What stands at each hop of the period's chains, and how sure it is who stands behind it: the actions and tasks of the population; the sessions and other callers
  that their chains begin with; the sign-ins of these; sessions that tasks of the period opened by their own role, and the calls made with them. Nobody named: no
  identity, and the logs that would show it are complete. One traced task that went the whole way, the latest, is the example.
key: [hop]
params: { from: timestamptz, to: timestamptz }
controls: [soc2:CC6.1, soc2:CC7.2, iso27001:A.8.15]
---*/
with left_out as (select account_id, cluster_name, role_arn from report_left_out),

population as (
  select kind, id, "at", session_id, confidence, is_provisional
  from cor_population p
  where
    p.at >= $from and p.at < $to
    and not exists (
      select 1 from left_out o
      where o.account_id = coalesce(p.account_id, '') and o.cluster_name = coalesce(p.cluster_name, '') and o.role_arn = coalesce(p.role_arn, '')
    )
),

sessions as (
  select
    session_id, coalesce(root_session_id, session_id) as root_session_id, session_kind, account_id, role_arn, opened_at, upstream_task_key, who_tenant_id, sign_in_id, sign_in_grade,
    confidence, is_provisional
  from cor_sessions
),

roots as (
  select distinct r.session_id, r.who_tenant_id, r.sign_in_id, r.sign_in_grade, r.confidence, r.is_provisional
  from population p
  inner join sessions s on s.session_id = p.session_id
  inner join sessions r on r.session_id = s.root_session_id
),

task_sessions as (
  select s.session_id, s.upstream_task_key, s.opened_at, s.confidence, s.is_provisional
  from sessions s
  left join cor_task_launchers t on t.task_key = s.upstream_task_key
  where
    s.session_kind = 'task_role' and s.opened_at >= $from and s.opened_at < $to
    and not exists (
      select 1 from left_out o
      where o.account_id = coalesce(s.account_id, '') and o.cluster_name = coalesce(t.cluster_name, '') and o.role_arn = coalesce(s.role_arn, '')
    )
),

-- Whose calls are counted: sessions of tasks, whenever they were opened.
own_sessions as (
  select s.session_id, s.confidence, s.is_provisional
  from sessions s
  left join cor_task_launchers t on t.task_key = s.upstream_task_key
  where
    s.session_kind = 'task_role'
    and not exists (
      select 1 from left_out o
      where o.account_id = coalesce(s.account_id, '') and o.cluster_name = coalesce(t.cluster_name, '') and o.role_arn = coalesce(s.role_arn, '')
    )
),

-- By caller first: there are many calls, and few callers.
caller_calls as (
  select caller_key, count(*) as calls, min(event_id) as first_id
  from stg_events
  where event_at >= $from and event_at < $to
  group by caller_key
),

calls as (
  select t.session_id, t.confidence, t.is_provisional, c.calls, c.first_id
  from caller_calls c
  inner join cor_callers k on k.caller_key = c.caller_key
  inner join own_sessions t on t.session_id = k.session_id
),

-- The example: a task with all hops.
whole as (
  select
    t.task_key, coalesce(t.task_arn, split_part(t.task_key, '/', 2)) as task_id, t.launch_event_id, r.session_id, r.sign_in_id, o.session_id as task_session_id,
    c.first_id as call_id,
    row_number() over (order by t.task_at desc, t.task_key, o.opened_at, o.session_id) as place
  from cor_tasks t
  inner join sessions s on s.session_id = t.launcher_session_id
  inner join roots r on r.session_id = s.root_session_id
  inner join task_sessions o on o.upstream_task_key = t.task_key
  inner join calls c on c.session_id = o.session_id
  where t.task_at >= $from and t.task_at < $to and t.is_traced and t.launch_event_id is not null and r.sign_in_grade in ('exact', 'window')
    and not exists (
      select 1 from left_out o
      where o.account_id = coalesce(t.account_id, '') and o.cluster_name = coalesce(t.cluster_name, '') and o.role_arn = coalesce(t.launcher_role_arn, '')
    )
),

example as (
  select task_id, launch_event_id, session_id, sign_in_id, task_session_id, call_id from whole where place = 1
),

things as (
  select 2 as place, confidence, is_provisional, 1 as things from roots
  union all
  select 3, confidence, is_provisional, 1 from population where kind = 'action'
  union all
  select 4, confidence, is_provisional, 1 from population where kind = 'task'
  union all
  select 5, confidence, is_provisional, 1 from task_sessions
  union all
  select 6, confidence, is_provisional, calls from calls
),

hops as (
  select place, hop
  from (values (2, 'session'), (3, 'action'), (4, 'task'), (5, 'task session'), (6, 'call')) as h (place, hop)
),

graded as (
  select
    h.place, h.hop,
    cast(coalesce(sum(t.things), 0) as bigint) as things,
    cast(coalesce(sum(t.things) filter (where t.confidence = 'proved'), 0) as bigint) as proved,
    cast(coalesce(sum(t.things) filter (where t.confidence = 'asserted'), 0) as bigint) as asserted,
    cast(coalesce(sum(t.things) filter (where t.confidence = 'inferred'), 0) as bigint) as inferred,
    cast(coalesce(sum(t.things) filter (where t.confidence = 'none' and not t.is_provisional), 0) as bigint) as nobody,
    cast(coalesce(sum(t.things) filter (where t.confidence = 'none' and t.is_provisional), 0) as bigint) as not_yet_due
  from hops h
  left join things t on t.place = h.place
  group by h.place, h.hop
),

all_hops as (
  select
    1 as place, 'sign-in' as hop, count(*) as things, cast(null as bigint) as proved, cast(null as bigint) as asserted, cast(null as bigint) as inferred,
    cast(null as bigint) as nobody, cast(null as bigint) as not_yet_due
  from (select distinct who_tenant_id, sign_in_id from roots where sign_in_grade in ('exact', 'window')) as s
  union all
  select place, hop, things, proved, asserted, inferred, nobody, not_yet_due from graded
)

select
  a.hop, a.things, a.proved, a.asserted, a.inferred, a.nobody, a.not_yet_due,
  case a.place
    when 1 then e.sign_in_id
    when 2 then e.session_id
    when 3 then e.launch_event_id
    when 4 then e.task_id
    when 5 then e.task_session_id
    else e.call_id
  end as example_id
from all_hops a
left join example e on true
order by a.place
