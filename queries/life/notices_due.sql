/*---
id: notices_due
title: What has to be told now
description: |
  One row a message that is due: channel, notice, group, and the findings in it with their openings. Each opening of a finding is told once
  a channel; what is told of a group later goes under the same group key. Reads plan_findings (a temporary table of that query's rows),
  plan_channels and life_messages.
params:
  now: { type: timestamptz, description: "The run's clock" }
---*/
with told as (
  select m.channel, m.notice, m.group_key, m.planned_at, m.state, i.finding_id, i.opening
  from life_messages m
  cross join unnest(list_zip(m.finding_ids, m.openings)) as u (pair)
  cross join (select 1) as one
  cross join lateral (select u.pair[1] as finding_id, u.pair[2] as opening) as i
),

-- The last time that each opening was told, and told to be over.
last_words as (
  select
    channel, finding_id, opening,
    max_by(group_key, planned_at) filter (where notice = 'fired') as group_key,
    max(planned_at) filter (where notice = 'fired') as planned_at,
    max(planned_at) filter (where notice = 'acknowledged') as acknowledged_at,
    max(planned_at) filter (where notice = 'resolved') as resolved_at
  from told
  group by channel, finding_id, opening
),

-- What receivers take to be going on. A suppression that ended, or a decision that was taken back, is told anew.
fired as (
  select channel, finding_id, opening, group_key, planned_at, acknowledged_at
  from last_words
  where planned_at is not null and (resolved_at is null or resolved_at < planned_at)
),

-- New on a channel.
to_fire as (
  select f.channel, 'fired' as notice, f.group_key, f.id, f.opening, f.severity_rank, f.occurred_at
  from plan_findings f
  left join fired t on t.channel = f.channel and t.finding_id = f.id and t.opening = f.opening
  where f.status = 'open' and f.held_by is null and t.finding_id is null
),

-- What was told, and where it stands. What no route fits any more counts as it is.
standing as (
  select t.channel, t.group_key, t.finding_id as id, t.opening, t.planned_at, t.acknowledged_at, l.status, l.occurred_at, p.held_by, coalesce(p.repeat_hours, 0) as repeat_hours,
    case l.severity when 'critical' then 4 when 'high' then 3 when 'medium' then 2 else 1 end as severity_rank,
    -- An opening that a later one followed is over.
    case when l.opening > t.opening then 'resolved' else l.status end as state
  from fired t
  inner join finding_life l on l.id = t.finding_id
  left join plan_findings p on p.channel = t.channel and p.id = t.finding_id
),

groups as (
  select
    channel, group_key,
    count(*) filter (where state in ('open', 'provisional')) as open_ones,
    count(*) filter (where state = 'acknowledged') as acknowledged_ones,
    bool_or(held_by is not null and state = 'open') as is_held,
    max(repeat_hours) filter (where state = 'open') as repeat_hours
  from standing
  group by channel, group_key
),

last_told as (
  select channel, group_key, max(planned_at) as planned_at, bool_and(state in ('sent', 'dead')) as is_settled
  from told
  where notice in ('fired', 'reminder')
  group by channel, group_key
),

to_remind as (
  select s.channel, 'reminder' as notice, s.group_key, s.id, s.opening, s.severity_rank, s.occurred_at
  from standing s
  inner join groups g on g.channel = s.channel and g.group_key = s.group_key
  inner join last_told t on t.channel = s.channel and t.group_key = s.group_key
  where s.state = 'open' and g.acknowledged_ones = 0 and not g.is_held and g.repeat_hours > 0 and t.is_settled
    and t.planned_at + to_hours(g.repeat_hours) <= $now
),

to_acknowledge as (
  select s.channel, 'acknowledged' as notice, s.group_key, s.id, s.opening, s.severity_rank, s.occurred_at
  from standing s
  inner join groups g on g.channel = s.channel and g.group_key = s.group_key
  where s.state = 'acknowledged' and g.open_ones = 0 and (s.acknowledged_at is null or s.acknowledged_at < s.planned_at)
),

to_resolve as (
  select s.channel, 'resolved' as notice, s.group_key, s.id, s.opening, s.severity_rank, s.occurred_at
  from standing s
  inner join groups g on g.channel = s.channel and g.group_key = s.group_key
  where g.open_ones = 0 and g.acknowledged_ones = 0
),

due as (
  select channel, notice, group_key, id, opening, severity_rank, occurred_at from to_fire
  union all select channel, notice, group_key, id, opening, severity_rank, occurred_at from to_remind
  union all select channel, notice, group_key, id, opening, severity_rank, occurred_at from to_acknowledge
  union all select channel, notice, group_key, id, opening, severity_rank, occurred_at from to_resolve
),

-- How often a notice of a group was planned before: the same findings may be told again, and then it is another message.
rounds as (
  select channel, notice, group_key, count(distinct planned_at) as rounds
  from told
  group by channel, notice, group_key
),

messages as (
  select
    channel, notice, group_key,
    -- The most severe first, then the oldest.
    array_agg(id order by severity_rank desc, occurred_at, id) as finding_ids,
    array_agg(opening order by severity_rank desc, occurred_at, id) as openings,
    max(severity_rank) as severity_rank, min(occurred_at) as first_at
  from due
  group by channel, notice, group_key
)

select
  sha256(
    m.channel || chr(10) || m.notice || chr(10) || m.group_key || chr(10)
    || array_to_string(list_sort(list_transform(list_zip(m.finding_ids, m.openings), lambda pair: pair[1] || ':' || pair[2])), chr(10))
    || chr(10) || coalesce(r.rounds, 0)
  ) as alert_key,
  m.channel, m.notice, m.group_key, m.finding_ids, m.openings
from messages m
inner join plan_channels c on c.channel = m.channel and list_contains(c.notices, m.notice)
left join rounds r on r.channel = m.channel and r.notice = m.notice and r.group_key = m.group_key
-- What is over is told before what is new: a service that keeps one incident a group would close the new one.
order by case m.notice when 'resolved' then 0 when 'fired' then 1 when 'acknowledged' then 2 else 3 end, m.severity_rank desc, m.first_at, m.channel, m.group_key
