/*---
id: expired_token_refused
title: Expired token or credentials presented, and refused
description: |
  Calls that AWS refused because their credentials had expired (ExpiredToken, ExpiredTokenException, RequestExpired): one finding
  for a caller, an account and a UTC day, since a program that tries again and again would else be thousands. Its subject is the
  day's first such call; the summary counts them and says when the first and the last were. And an application's log line with
  STS's word that a web identity token had expired, which tells the token's end to the second: one finding a token and log stream,
  its lines counted. AWS refused them, as it should: what matters is who still had an old token, and why.
  Not seen: refusals that nothing records. CloudTrail is not known to record STS's refusals of expired tokens, so without
  application logs most are not seen; nor are those of programs that swallow the error.
severity: medium
sources: [cloudtrail]
controls: [soc2:CC6.1, soc2:CC7.2, iso27001:A.5.17, iso27001:A.8.5, iso27001:A.8.16]
false_positives: |
  A job that runs longer than its token or its session and does not renew them. A clock that is wrong. A program that logs
  somebody else's error text: what stands in an application's log is the application's word.
runbook: |
  1. Ask for the event (`whoran ask` with its id) and see whose token or session it was, and which task presented it.
  2. Compare its end with the job's run time: a job that outlives its token has to renew it.
  3. If nobody expected a job there and then, treat the token as stolen: revoke the person's sessions in Entra, and look for
     calls from the same address.
---*/
with refused_calls as (
  select account_id, event_id, event_at, event_source, event_name, error_code, caller_key
  from stg_events
  where error_code like 'ExpiredToken%' or error_code = 'RequestExpired'
),
callers as (
  select caller_key, session_id
  from cor_callers
),
sessions as (
  select session_id, opened_at, expires_at, reason, opened_by_account_id, opened_by_event_id
  from cor_sessions
),
lines as (
  select account_id, event_id, event_at, expired_at, checked_at, log_group, log_stream, task_key
  from stg_application_logs
  where kind = 'expired_token'
),
tasks as (
  select task_key, cluster_name, reason
  from cor_tasks
),
-- Days are UTC days, the engine's time zone.
placed_calls as (
  select
    account_id, event_id, event_at, event_source, event_name, error_code, caller_key, cast(cast(event_at as date) as varchar) as on_day,
    row_number() over (partition by account_id, caller_key, cast(event_at as date) order by event_at, event_id) as place,
    row_number() over (partition by account_id, caller_key, cast(event_at as date) order by event_at desc, event_id desc) as place_from_end,
    count(*) over (partition by account_id, caller_key, cast(event_at as date)) as call_count
  from refused_calls
),
first_calls as (
  select account_id, event_id, event_at, event_source, event_name, error_code, caller_key, on_day, call_count
  from placed_calls
  where place = 1
),
last_calls as (
  select account_id, event_id, event_at, caller_key, on_day
  from placed_calls
  where place_from_end = 1 and place > 1
),
calls as (
  select
    'event' as subject_kind,
    c.event_id as subject_id,
    c.event_at as occurred_at,
    coalesce(c.event_name, 'A call') || ' on ' || coalesce(c.event_source, 'an unknown service') || ' was refused with '
      || c.error_code
      || case
        when s.expires_at <= c.event_at
          then ', ' || cast(date_diff('second', s.expires_at, c.event_at) as varchar) || ' seconds after the credentials of session '
            || s.session_id || ' had expired'
        else ''
      end
      || case
        when c.call_count > 1
          then '; ' || cast(c.call_count as varchar) || ' calls of this caller were refused so on ' || c.on_day || ', from '
            || substring(cast(c.event_at as varchar), 12, 8) || ' to ' || substring(cast(l.event_at as varchar), 12, 8) || ' UTC'
        else ''
      end as summary,
    'expired_token_refused/' || c.account_id || '/' || c.caller_key || '/' || c.on_day as dedup_key,
    s.reason,
    array[
      row('cloudtrail', c.account_id, c.event_id, c.event_at),
      row('cloudtrail', l.account_id, l.event_id, l.event_at),
      row('cloudtrail', s.opened_by_account_id, s.opened_by_event_id, s.opened_at)
    ] as evidence
  from first_calls c
  left join last_calls l on l.account_id = c.account_id and l.caller_key = c.caller_key and l.on_day = c.on_day
  left join callers k on k.caller_key = c.caller_key
  left join sessions s on s.session_id = k.session_id
),
-- A program that tries again and again writes the same token's end each time.
placed_lines as (
  select
    account_id, event_id, event_at, expired_at, checked_at, log_group, log_stream, task_key,
    row_number() over (partition by account_id, log_group, log_stream, expired_at order by event_at, event_id) as place,
    count(*) over (partition by account_id, log_group, log_stream, expired_at) as line_count
  from lines
),
logged as (
  select
    'event' as subject_kind,
    l.event_id as subject_id,
    l.event_at as occurred_at,
    coalesce('Task ' || split_part(l.task_key, '/', 2), 'A program that logs to ' || coalesce(l.log_stream, 'an unknown stream'))
      || coalesce(' on cluster ' || t.cluster_name, '') || ' presented a token '
      || cast(date_diff('second', l.expired_at, l.checked_at) as varchar) || ' seconds after its end, and STS refused it'
      || case when l.line_count > 1 then ' (' || cast(l.line_count as varchar) || ' lines)' else '' end as summary,
    'expired_token_refused/' || coalesce(l.account_id, '?') || '/' || coalesce(l.log_group, '?') || '/' || coalesce(l.log_stream, '?')
      || '/' || cast(date_diff('second', timestamp '1970-01-01 00:00:00', cast(l.expired_at as timestamp)) as varchar) as dedup_key,
    t.reason,
    array[row('application_logs', coalesce(l.account_id, ''), l.event_id, l.event_at)] as evidence
  from placed_lines l
  left join tasks t on t.task_key = l.task_key
  where l.place = 1
),
found as (
  select subject_kind, subject_id, occurred_at, summary, dedup_key, reason, evidence from calls
  union all
  select subject_kind, subject_id, occurred_at, summary, dedup_key, reason, evidence from logged
)
select
  subject_kind, subject_id, occurred_at, summary, dedup_key, reason, evidence,
  -- The refusal is recorded; nothing that may still come undoes it.
  false as is_provisional
from found
order by occurred_at, dedup_key
