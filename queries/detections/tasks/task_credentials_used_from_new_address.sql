/*---
id: task_credentials_used_from_new_address
title: A task's credentials used from an address that is none of the task's
description: |
  A task's keys were used from where tasks come from, and from another public address, outside `network.egress_ranges`, that no other
  task ever used. A task's public calls come from a NAT gateway's address, which no record tells, and there may be several (one in each
  zone, several addresses a gateway, one way out for all accounts); so it is learnt: the address of another task, a known range, or a private
  address (VPC endpoint) is the task's own, and so is what the task's own program comes from within `learn_minutes` of its first call. A
  foreign program elsewhere is told at once; the task's own program, first after `wait_minutes` in which no other task came from there.
  Not seen: a key used from elsewhere by the task's own program at the task's beginning; a task that was never heard from an address of its own, or one with a public address to itself (it has no
  neighbours to learn from): silence there means that it cannot be told. Use through the same NAT gateway. Calls that AWS services make
  on the task's behalf.
severity: high
sources: [cloudtrail, ecs_events]
controls: [soc2:CC6.1, soc2:CC7.2, soc2:CC7.3, iso27001:A.8.15, iso27001:A.8.16]
params:
  learn_minutes:
    type: integer
    default: 60
    description: So long after a task's first call, an address from which its own program calls is taken for its own.
  wait_minutes:
    type: integer
    default: 60
    description: So long another task may still show that an address is the estate's; CloudTrail has to be complete through then.
false_positives: |
  A NAT gateway's address that one task alone has used, and only late in its life: name the gateways in `network.egress_ranges`.
runbook: |
  1. Ask for the address (`whoran ask` with it): is it one of ours? If so, add it to `network.egress_ranges`.
  2. If not, stop the task and revoke the role's sessions that were issued until now (IAM console, "Revoke active sessions").
  3. Ask for the task's keys, and look at all that they did from there; then at how they left the task.
---*/
with sessions as (
  select session_id, account_id, upstream_task_key, opened_at, opened_by_account_id, opened_by_event_id
  from cor_sessions
  where upstream_task_key is not null
),
callers as (
  select caller_key, session_id
  from cor_callers
),
uses as (
  select caller_key, source_ip, agent_family, first_used_at, last_used_at, calls
  from cor_caller_addresses
),
landed as (
  select max(complete_through) as complete_through
  from stg_sources
  where source = 'cloudtrail'
),
addresses as (
  select address, address_key, is_known_egress, is_aws_service, is_private
  from cor_addresses
  where address_key is not null
),
tasks as (
  select task_key, task_arn
  from cor_task_launchers
),
events as (
  select account_id, event_id, event_at, source_ip, invoked_by, caller_key
  from stg_events
),
task_uses as (
  select
    s.upstream_task_key as task_key, s.session_id, s.opened_at,
    s.opened_by_account_id, s.opened_by_event_id, u.caller_key, u.source_ip, u.agent_family, u.first_used_at, u.last_used_at, u.calls,
    a.address_key, a.is_known_egress or a.is_private as is_ours
  from sessions s
  join callers c on c.session_id = s.session_id
  join uses u on u.caller_key = c.caller_key
  join addresses a on a.address = u.source_ip
  where not a.is_aws_service
),
-- Where several tasks come from is a way out of the estate's network.
shared as (
  select address_key, count(distinct task_key) as tasks
  from task_uses
  group by address_key
),
placed_uses as (
  select
    t.task_key, t.session_id, t.opened_at, t.opened_by_account_id, t.opened_by_event_id, t.caller_key, t.source_ip, t.agent_family,
    t.first_used_at, t.last_used_at, t.calls, t.is_ours or s.tasks > 1 as is_way_out, min(t.first_used_at) over (partition by t.task_key) as first_call_at
  from task_uses t
  join shared s on s.address_key = t.address_key
),
own_programs as (
  select distinct task_key, agent_family
  from placed_uses
  where is_way_out
),
judged as (
  select
    u.task_key, u.session_id, u.opened_at, u.opened_by_account_id, u.opened_by_event_id, u.caller_key, u.source_ip, u.first_used_at, u.last_used_at, u.calls,
    p.agent_family is not null as is_own_program,
    u.is_way_out
      or (p.agent_family is not null and u.first_used_at <= u.first_call_at + $learn_minutes * interval '1' minute) as is_own
  from placed_uses u
  left join own_programs p on p.task_key = u.task_key and p.agent_family = u.agent_family
),
-- A task that was never heard from a way out: which of its addresses is its own can't be told.
told as (
  select distinct task_key
  from own_programs
),
-- An address that was learnt by one of the task's keys and programs is its own for all of them: people enter tasks, too.
learnt as (
  select distinct task_key, source_ip
  from judged
  where is_own
),
foreign_uses as (
  select
    j.task_key, j.session_id, j.opened_at, j.opened_by_account_id, j.opened_by_event_id, j.caller_key, j.source_ip, j.first_used_at, j.last_used_at, j.calls,
    j.is_own_program
  from judged j
  join told t on t.task_key = j.task_key
  left join learnt l on l.task_key = j.task_key and l.source_ip = j.source_ip
  where l.source_ip is null
),
placed as (
  select
    task_key, session_id, opened_at, opened_by_account_id, opened_by_event_id, caller_key, source_ip, first_used_at, last_used_at,
    row_number() over (partition by task_key order by first_used_at, source_ip, caller_key) as place,
    row_number() over (partition by task_key order by last_used_at desc, source_ip, caller_key) as place_from_last,
    sum(calls) over (partition by task_key) as calls,
    min(case when is_own_program then 1 else 0 end) over (partition by task_key) as own_program
  from foreign_uses
),
-- A few rows as a rule, so that events are sought by key and time and never read through.
placed_calls as (
  select
    p.task_key, p.session_id, p.opened_at, p.opened_by_account_id, p.opened_by_event_id, p.source_ip, p.first_used_at, p.calls, p.own_program,
    e.account_id, e.event_id, row_number() over (partition by p.task_key order by e.account_id, e.event_id) as place
  from placed p
  join events e on e.caller_key = p.caller_key and e.event_at = p.first_used_at and e.source_ip = p.source_ip
  where p.place = 1 and e.invoked_by is null
),
-- Somebody who closes the finding closes it for what they saw: a later call is new evidence, and opens it again.
latest_calls as (
  select p.task_key, e.account_id, e.event_id, e.event_at, row_number() over (partition by p.task_key order by e.account_id desc, e.event_id desc) as place
  from placed p
  join events e on e.caller_key = p.caller_key and e.event_at = p.last_used_at and e.source_ip = p.source_ip
  where p.place_from_last = 1 and p.calls > 1 and e.invoked_by is null
),
found as (
  select
    c.task_key, c.session_id, c.opened_at, c.opened_by_account_id, c.opened_by_event_id, c.source_ip, c.first_used_at, c.calls,
    c.own_program, c.account_id, c.event_id,
    l.account_id as latest_account_id, case when l.event_id <> c.event_id then l.event_id end as latest_event_id, l.event_at as latest_event_at,
    coalesce(t.task_arn, split_part(c.task_key, '/', 2)) as task_name
  from placed_calls c
  left join tasks t on t.task_key = c.task_key
  left join latest_calls l on l.task_key = c.task_key and l.place = 1
  where c.place = 1
)
select
  'task' as subject_kind,
  task_name as subject_id,
  first_used_at as occurred_at,
  'Key ' || session_id || ' of task ' || split_part(task_key, '/', 2) || ' was used from ' || source_ip
    || ', from where no other task ever called (' || cast(calls as varchar) || case when calls > 1 then ' calls)' else ' call)' end as summary,
  'task_credentials_used_from_new_address/' || task_key as dedup_key,
  cast(null as varchar) as reason,
  array[
    row('cloudtrail', account_id, event_id, first_used_at),
    row('cloudtrail', opened_by_account_id, opened_by_event_id, opened_at),
    row('cloudtrail', latest_account_id, latest_event_id, latest_event_at)
  ] as evidence,
  -- Another task's call from there ends it whenever it comes; waiting has an end all the same.
  f.own_program = 1
    and (l.complete_through is null or l.complete_through < f.first_used_at + $wait_minutes * interval '1' minute) as is_provisional
from found f
cross join landed l
order by occurred_at, dedup_key
