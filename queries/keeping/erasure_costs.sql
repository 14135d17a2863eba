/*---
id: erasure_costs
title: What is traced to an identity now
description: |
  Sessions that lead back to it, by how sure; tasks that do, by the reason that they will have without the records that go; the absent sign-ins of
  anybody that can no longer be told from erased ones; and the sessions of others whose owner is inferred from all sign-ins of a time. Table: erased_places (batch_seq, member, record_number).
params:
  tenant_id: { type: text, description: "Entra tenant; null where the person is known by a text alone" }
  object_id: { type: text, description: "Object id, lower case; null likewise" }
  sign_ins_through: { type: timestamp, description: "Of the last sign-in that is to be erased; null where there is none" }
---*/
with sessions as (
  select session_id, who_tenant_id, who_object_id, session_kind, identity_confidence, confidence, reason, opened_at from cor_sessions
),

own_sessions as (
  select session_id, session_kind, confidence from sessions where who_object_id = $object_id and who_tenant_id is not distinct from $tenant_id
),

own_callers as (
  select caller_key from cor_callers where session_id in (select session_id from own_sessions)
),

erased_events as (
  select e.account_id, e.event_id
  from stg_events as e
  inner join erased_places as p on p.batch_seq = e.batch_seq and p.member = e.member and p.record_number = e.record_number
),

own_tasks as (
  select
    task_key,
    case
      when (launch_account_id, launch_event_id) in (select (account_id, event_id) from erased_events) then 'launcher_missing'
      when (configurer_account_id, configurer_event_id) in (select (account_id, event_id) from erased_events) then 'configurer_missing'
      else 'session_origin_missing'
    end as reason
  from cor_task_launchers
  where launcher_caller_key in (select caller_key from own_callers)
)

select 'sessions' as what, confidence as detail, count(*) as count from own_sessions where session_kind <> 'denied_token' group by confidence
union all
select 'refused_tokens', '', count(*) from own_sessions where session_kind = 'denied_token' having count(*) > 0
union all
select 'tasks', reason, count(*) from own_tasks group by reason
union all
select 'absent_sign_ins', '', count(*) from sessions
where reason = 'sign_in_absent' and opened_at <= $sign_ins_through::timestamptz
having count(*) > 0
union all
select 'inferred', '', count(*) from sessions
where
  identity_confidence = 'inferred' and opened_at <= $sign_ins_through::timestamptz
  and (who_object_id <> $object_id or who_tenant_id is distinct from $tenant_id)
having count(*) > 0
order by what, detail
