/*---
id: rpt_sign_in_to_session_over_time
title: Federated sessions over time
description: |
  Sessions that a token or a SAML assertion opened, by how well their sign-in is known, and by time: by the hour up to 2 days, by the day (of the report's time zone) up to 62, by the
  week (from Monday) up to 430, else by the month; the first and last are cut at the period's ends. Beside it, what each source holds of that time: records;
  in part (it begins or ends within, for at least one of its streams); no record (landed through, and nothing in it); not landed.
key: [from_at]
params: { from: timestamptz, to: timestamptz }
controls: [soc2:CC6.1, soc2:PI1.4, iso27001:A.8.5, iso27001:A.8.15]
---*/
with left_out as (select account_id, cluster_name, role_arn from report_left_out),

steps as (
  select
    case
      when $to <= $from + interval '2' day then 'hour'
      when $to <= $from + interval '62' day then 'day'
      when $to <= $from + interval '430' day then 'week'
      else 'month'
    end as step
),

starts as (
  select
    step,
    unnest(
      generate_series(
        date_trunc(step, $from), $to,
        case step when 'hour' then interval '1' hour when 'day' then interval '1' day when 'week' then interval '7' day else interval '1' month end
      )
    ) as start_at
  from steps
),

-- The first and the last are cut at the period's ends.
bins as (
  select
    step, start_at, greatest(start_at, $from) as from_at,
    least(coalesce(lead(start_at) over (order by start_at), $to), $to) as to_at
  from starts
  where start_at < $to
),

sessions as (
  select opened_at, sign_in_grade, is_provisional
  from cor_sessions s
  where
    session_kind in ('web_identity', 'saml') and is_issued and opened_at >= $from and opened_at < $to
    and not exists (
      select 1 from left_out o
      where o.account_id = coalesce(s.account_id, '') and o.cluster_name = '' and o.role_arn = coalesce(s.role_arn, '')
    )
),

counted as (
  select
    b.start_at,
    count(*) filter (where o.sign_in_grade = 'exact') as exact,
    count(*) filter (where o.sign_in_grade = 'window') as in_window,
    count(*) filter (where o.sign_in_grade = 'ambiguous') as ambiguous,
    count(*) filter (where o.sign_in_grade = 'none' and not o.is_provisional) as without_sign_in,
    count(*) filter (where o.sign_in_grade = 'none' and o.is_provisional) as not_yet_due
  from sessions o
  inner join bins b on o.opened_at >= b.from_at and o.opened_at < b.to_at
  group by b.start_at
),

records as (
  select 'cloudtrail' as source, event_at as recorded_at from stg_events where event_at >= $from and event_at < $to
  union all
  select 'sign_ins', created_at from cor_sign_ins where created_at >= $from and created_at < $to
),

-- By the quarter of an hour first, since there are many records: clocks of time zones change at quarters.
quarters as (
  select source, greatest(time_bucket(interval '15' minute, recorded_at), $from) as quarter_at, count(*) as records
  from records
  group by source, greatest(time_bucket(interval '15' minute, recorded_at), $from)
),

seen as (
  select q.source, b.start_at, sum(q.records) as records
  from quarters q
  inner join bins b on q.quarter_at >= b.from_at and q.quarter_at < b.to_at
  group by q.source, b.start_at
),

-- A source of several streams is whole where all of them are.
sources as (
  select source, max(first_at) as first_at, min(complete_through) as complete_through
  from stg_sources
  group by source
),

states as (
  select
    b.start_at, w.source,
    case
      when r.records is null and (s.complete_through is null or b.from_at >= s.complete_through or b.to_at <= s.first_at) then 'not landed'
      when s.complete_through is null or b.to_at > s.complete_through or b.from_at < s.first_at then 'in part'
      when r.records is null then 'no record'
      else 'records'
    end as state
  from bins b
  cross join (values ('cloudtrail'), ('sign_ins')) as w (source)
  left join sources s on s.source = w.source
  left join seen r on r.source = w.source and r.start_at = b.start_at
),

by_bin as (
  select
    start_at,
    max(state) filter (where source = 'cloudtrail') as cloudtrail,
    max(state) filter (where source = 'sign_ins') as sign_ins
  from states
  group by start_at
)

select
  b.from_at, b.to_at, b.step as time_step,
  coalesce(c.exact, 0) as exact, coalesce(c.in_window, 0) as in_window, coalesce(c.ambiguous, 0) as ambiguous,
  coalesce(c.without_sign_in, 0) as without_sign_in, coalesce(c.not_yet_due, 0) as not_yet_due, t.cloudtrail, t.sign_ins
from bins b
left join counted c on c.start_at = b.start_at
left join by_bin t on t.start_at = b.start_at
order by b.from_at
