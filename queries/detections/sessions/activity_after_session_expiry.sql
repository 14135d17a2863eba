/*---
id: activity_after_session_expiry
title: Call made with credentials that had expired
description: |
  A call later than the expiration that AWS issued with its session's credentials, plus a margin for clocks. AWS refuses
  such calls, so one that was accepted means that records were altered, or two sessions are taken for one: an integrity
  alarm. Calls that were refused as expired are not found here; they are what should happen. One finding a session: its subject is the
  first such call, the summary counts them, and the latest is evidence too.
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
  select session_id, opened_at, expires_at, reason, opened_by_account_id, opened_by_event_id
  from cor_sessions
  where expires_at is not null
),
-- A few rows as a rule, so that the events below are sought by key and time and never read through.
overdue_callers as (
  select
    c.caller_key, c.last_used_at, s.session_id, s.opened_at, s.expires_at, s.reason, s.opened_by_account_id, s.opened_by_event_id,
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
    o.session_id, o.opened_at, o.expires_at, o.reason, o.opened_by_account_id, o.opened_by_event_id,
    row_number() over (partition by o.session_id order by e.event_at, e.account_id, e.event_id) as place,
    row_number() over (partition by o.session_id order by e.event_at desc, e.account_id desc, e.event_id desc) as place_from_last,
    count(*) over (partition by o.session_id) as calls
  from events e
  join overdue_callers o
    on o.caller_key = e.caller_key and e.event_at > o.overdue_from and e.event_at <= o.last_used_at
  where e.error_code is null or not (e.error_code like 'ExpiredToken%' or e.error_code = 'RequestExpired')
),
-- Somebody who closes the finding closes it for what they saw: a later call is new evidence, and opens it again.
latest_calls as (
  select session_id, account_id, event_id, event_at
  from overdue_calls
  where place_from_last = 1 and place > 1
)
select
  'event' as subject_kind,
  c.event_id as subject_id,
  c.event_at as occurred_at,
  coalesce(c.event_name, 'A call') || ' on ' || coalesce(c.event_source, 'an unknown service') || ' was accepted '
    || cast(date_diff('second', c.expires_at, c.event_at) as varchar) || ' seconds after the credentials of session ' || c.session_id
    || ' had expired' || case when c.calls > 1 then ', the first of ' || cast(c.calls as varchar) || ' calls' else '' end as summary,
  'activity_after_session_expiry/' || c.session_id as dedup_key,
  c.reason,
  array[
    row('cloudtrail', c.account_id, c.event_id, c.event_at),
    row('cloudtrail', c.opened_by_account_id, c.opened_by_event_id, c.opened_at),
    row('cloudtrail', l.account_id, l.event_id, l.event_at)
  ] as evidence,
  -- Both times are in landed records; nothing that may still come is awaited.
  false as is_provisional
from overdue_calls c
left join latest_calls l on l.session_id = c.session_id
where c.place = 1
order by occurred_at, dedup_key
