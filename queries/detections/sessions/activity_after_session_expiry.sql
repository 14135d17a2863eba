/*---
id: activity_after_session_expiry
title: Call made with credentials that had expired
description: |
  A call later than the expiration that AWS issued with its session's credentials, plus a margin for clocks. AWS refuses
  such calls, so one that was accepted means that records were altered, or two sessions are taken for one: an integrity
  alarm. Calls that were refused as expired are not found here; they are what should happen.
  Not seen: sessions whose issuing record is not landed or tells no expiration.
severity: critical
sources: [cloudtrail]
controls: [soc2:CC7.2, soc2:CC7.3, iso27001:A.5.28, iso27001:A.8.15, iso27001:A.8.17]
params:
  margin_seconds:
    type: integer
    default: 60
    description: How far past the expiration a call may lie, for clocks that differ (RULINGS, "Detections").
false_positives: |
  A service that records a call when it ends, long after it was allowed. A key id that documentation or a sample made up.
runbook: |
  1. Verify the trail's digest files for the hour of the call, and the landed batch that holds its record.
  2. Ask for the event (`whoran ask` with its id) and compare its session's issuing record with the call: key, principal,
     creation time.
  3. If the records are intact, open a case with AWS and give both event ids.
---*/
with callers as (
  select caller_key, session_id, last_used_at
  from cor_callers
),
sessions as (
  select session_id, role_arn, opened_at, expires_at, reason, opened_by_account_id, opened_by_event_id
  from cor_sessions
  where expires_at is not null
),
-- A few rows as a rule, so that the events below are sought by key and time and never read through.
overdue_callers as (
  select
    c.caller_key, c.last_used_at, s.session_id, s.role_arn, s.opened_at, s.expires_at, s.reason, s.opened_by_account_id, s.opened_by_event_id,
    s.expires_at + $margin_seconds * interval '1' second as overdue_from
  from callers c
  join sessions s on s.session_id = c.session_id
  where c.last_used_at > s.expires_at + $margin_seconds * interval '1' second
),
events as (
  select account_id, event_id, event_at, event_source, event_name, error_code, caller_key
  from stg_events
),
overdue_calls as (
  select
    e.account_id, e.event_id, e.event_at, e.event_source, e.event_name,
    o.session_id, o.role_arn, o.opened_at, o.expires_at, o.reason, o.opened_by_account_id, o.opened_by_event_id
  from events e
  join overdue_callers o
    on o.caller_key = e.caller_key and e.event_at > o.overdue_from and e.event_at <= o.last_used_at
  where e.error_code is null or not (e.error_code like 'ExpiredToken%' or e.error_code = 'RequestExpired')
)
select
  'event' as subject_kind,
  event_id as subject_id,
  event_at as occurred_at,
  coalesce(event_name, 'A call') || ' on ' || coalesce(event_source, 'an unknown service') || ' was accepted '
    || cast(date_diff('second', expires_at, event_at) as varchar) || ' seconds after the credentials of session ' || session_id
    || ' had expired' as summary,
  'activity_after_session_expiry/' || account_id || '/' || event_id as dedup_key,
  reason,
  array[
    row('cloudtrail', account_id, event_id, event_at),
    row('cloudtrail', opened_by_account_id, opened_by_event_id, opened_at)
  ] as evidence,
  -- Both times are in landed records; nothing that may still come is awaited.
  false as is_provisional
from overdue_calls
order by occurred_at, dedup_key
