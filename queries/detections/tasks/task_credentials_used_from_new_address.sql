/*---
id: task_credentials_used_from_new_address
title: A task's credentials used from an address that is none of the task's
description: |
  A task's keys were used from where tasks of its account come from, and from another public address, outside
  `network.egress_ranges`, that no other task of the account ever used. A task's public calls come from a NAT gateway's address, which
  no record tells, so it is learnt: the address of another task, a known range, or a private address (VPC endpoint) is the task's own.
  Not seen: a task that was never heard from an address of its own, or one with a public address to itself (it has no
  neighbours to learn from): silence there means that it cannot be told. Use through the same NAT gateway. Calls that AWS services make
  on the task's behalf.
severity: high
sources: [cloudtrail, ecs_events]
controls: [soc2:CC6.1, soc2:CC7.2, soc2:CC7.3, iso27001:A.8.15, iso27001:A.8.16]
false_positives: |
  A second NAT gateway that only one task has used so far: name the gateways in `network.egress_ranges`.
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
  select caller_key, source_ip, first_used_at, calls
  from cor_caller_addresses
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
    s.upstream_task_key as task_key, split_part(s.upstream_task_key, '/', 1) as account_id, s.session_id, s.opened_at,
    s.opened_by_account_id, s.opened_by_event_id, u.caller_key, u.source_ip, u.first_used_at, u.calls,
    a.address_key, a.is_known_egress or a.is_private as is_ours
  from sessions s
  join callers c on c.session_id = s.session_id
  join uses u on u.caller_key = c.caller_key
  join addresses a on a.address = u.source_ip
  where not a.is_aws_service
),
-- Where several tasks of an account come from is a way out of its network.
shared as (
  select account_id, address_key, count(distinct task_key) as tasks
  from task_uses
  group by account_id, address_key
),
judged as (
  select
    t.task_key, t.session_id, t.opened_at, t.opened_by_account_id, t.opened_by_event_id, t.caller_key, t.source_ip, t.first_used_at,
    t.calls, t.is_ours or s.tasks > 1 as is_own
  from task_uses t
  join shared s on s.account_id = t.account_id and s.address_key = t.address_key
),
told as (
  select distinct task_key
  from judged
  where is_own
),
placed as (
  select
    j.task_key, j.session_id, j.opened_at, j.opened_by_account_id, j.opened_by_event_id, j.caller_key, j.source_ip, j.first_used_at,
    row_number() over (partition by j.task_key order by j.first_used_at, j.source_ip, j.caller_key) as place,
    sum(j.calls) over (partition by j.task_key) as calls
  from judged j
  join told t on t.task_key = j.task_key
  where not j.is_own
),
-- A few rows as a rule, so that events are sought by key and time and never read through.
placed_calls as (
  select
    p.task_key, p.session_id, p.opened_at, p.opened_by_account_id, p.opened_by_event_id, p.source_ip, p.first_used_at, p.calls,
    e.account_id, e.event_id, row_number() over (partition by p.task_key order by e.account_id, e.event_id) as place
  from placed p
  join events e on e.caller_key = p.caller_key and e.event_at = p.first_used_at and e.source_ip = p.source_ip
  where p.place = 1 and e.invoked_by is null
),
found as (
  select
    c.task_key, c.session_id, c.opened_at, c.opened_by_account_id, c.opened_by_event_id, c.source_ip, c.first_used_at, c.calls,
    c.account_id, c.event_id, coalesce(t.task_arn, split_part(c.task_key, '/', 2)) as task_name
  from placed_calls c
  left join tasks t on t.task_key = c.task_key
  where c.place = 1
)
select
  'task' as subject_kind,
  task_name as subject_id,
  first_used_at as occurred_at,
  'Key ' || session_id || ' of task ' || split_part(task_key, '/', 2) || ' was used from ' || source_ip
    || ', from where no other task of the account ever called (' || cast(calls as varchar) || case when calls > 1 then ' calls)' else ' call)' end as summary,
  'task_credentials_used_from_new_address/' || task_key as dedup_key,
  cast(null as varchar) as reason,
  array[
    row('cloudtrail', account_id, event_id, first_used_at),
    row('cloudtrail', opened_by_account_id, opened_by_event_id, opened_at)
  ] as evidence,
  -- Another task's call from there may come later, and ends it; it is told at once all the same, since waiting has no end.
  false as is_provisional
from found
order by occurred_at, dedup_key
