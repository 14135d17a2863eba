/*---
id: ecs_action_by_long_lived_key
title: ECS changed by a long-lived key or by root
description: |
  A call that changes ECS (RULINGS 22), accepted, made with an IAM user's `AKIA…` key or as an account's root: no sign-in stands
  behind it, and the key works until somebody takes it away. One finding for a key (or root), an account and a UTC day: its subject
  is the day's first such call, and the summary counts them, since a build server that still has a key would else be thousands.
  Not seen: what such a key does through a role that it assumes (`coverage` counts it as long_lived_key), and what the console lets
  an IAM user do with a temporary key.
severity: medium
sources: [cloudtrail]
controls: [soc2:CC6.1, soc2:CC7.2, iso27001:A.8.15, iso27001:A.8.16]
false_positives: |
  A build server or a tool that cannot use roles yet: give it an exception with an owner and an end. A root call that AWS asks for.
runbook: |
  1. Ask for the event (`whoran ask` with its id) and find who answers for the user; root: who had its credentials then.
  2. If nobody knows of the call, deactivate the key (`aws iam update-access-key --status Inactive`) and look at all that it did
     (`whoran ask` with the key's id).
  3. Move the caller to a role that it assumes with a token, and delete the key.
---*/
with actions as (
  select account_id, event_id, event_at, event_name, caller_key, identity_type
  from stg_ecs_actions
  where error_code is null and not is_read_only and (starts_with(caller_key, 'AKIA') or identity_type = 'Root')
    and event_name not in (
      'SubmitTaskStateChange', 'SubmitContainerStateChange', 'SubmitAttachmentStateChanges', 'DiscoverPollEndpoint', 'Poll',
      'StartTelemetrySession', 'RegisterContainerInstance', 'DeregisterContainerInstance', 'UpdateContainerInstancesState',
      'UpdateContainerAgent'
    )
),
callers as (
  select caller_key, session_id
  from cor_callers
),
sessions as (
  select session_id, who_name, reason
  from cor_sessions
),
-- Root's keys at the console come and go: root is one caller. Days are UTC days, the engine's time zone.
keyed as (
  select
    account_id, event_id, event_at, event_name, caller_key,
    case when identity_type = 'Root' then 'root' else caller_key end as key_name,
    cast(cast(event_at as date) as varchar) as on_day
  from actions
),
placed as (
  select
    account_id, event_id, event_at, event_name, caller_key, key_name, on_day,
    row_number() over (partition by account_id, key_name, on_day order by event_at, event_id) as place,
    row_number() over (partition by account_id, key_name, on_day order by event_at desc, event_id desc) as place_from_end,
    count(*) over (partition by account_id, key_name, on_day) as calls
  from keyed
),
first_calls as (
  select account_id, event_id, event_at, event_name, caller_key, key_name, on_day, calls
  from placed
  where place = 1
),
last_calls as (
  select account_id, event_id, event_at, key_name, on_day
  from placed
  where place_from_end = 1 and place > 1
),
days as (
  select
    f.account_id, f.event_id, f.event_at, f.event_name, f.key_name, f.on_day, f.calls, s.who_name, s.reason,
    l.event_id as last_event_id, l.event_at as last_event_at
  from first_calls f
  left join last_calls l on l.account_id = f.account_id and l.key_name = f.key_name and l.on_day = f.on_day
  left join callers c on c.caller_key = f.caller_key
  left join sessions s on s.session_id = c.session_id
)
select
  'event' as subject_kind,
  event_id as subject_id,
  event_at as occurred_at,
  case
    when key_name = 'root' then 'Root of account ' || account_id
    else 'IAM user ' || coalesce(who_name, 'of unknown name') || ' with the long-lived key ' || key_name
  end || ' called ' || event_name
    || case when calls > 1 then ' and made ' || cast(calls - 1 as varchar) || ' more changes of ECS on ' || on_day else '' end as summary,
  'ecs_action_by_long_lived_key/' || account_id || '/' || key_name || '/' || on_day as dedup_key,
  reason,
  array[
    row('cloudtrail', account_id, event_id, event_at),
    row('cloudtrail', account_id, last_event_id, last_event_at)
  ] as evidence,
  -- The record itself says by which key; nothing that may still come is awaited.
  false as is_provisional
from days
order by occurred_at, dedup_key
