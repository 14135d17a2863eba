/*---
id: plan_findings
title: Which finding goes where, and what holds it back
description: |
  One row a finding that was found open, and a channel that some route sends it to: by the first route that fits. `held_by` says why it is
  not told now: a silent source, planned work, or quiet hours. Reads finding_life and the plan's tables.
params:
  quiet_below: { type: integer, description: "Findings of a lower rank wait (1 low … 4 critical); 0: no quiet hours now" }
  quiet_until: { type: timestamptz, description: "When they end; any time where there are none" }
---*/
with ranked as (
  select *, case severity when 'critical' then 4 when 'high' then 3 when 'medium' then 2 else 1 end as severity_rank
  from finding_life
  where status <> 'provisional'
),

route_kinds as (select distinct route, kind from plan_route_scopes),

scope_misses as (
  select k.route, f.id
  from route_kinds k
  cross join ranked f
  left join plan_route_scopes s
    on s.route = k.route and s.kind = k.kind
    and s.name = case k.kind when 'detection' then f.detection when 'account' then f.account_id when 'team' then f.team end
  group by k.route, k.kind, f.id
  having count(s.name) = 0
),

fits as (
  select f.id, r.channel, r.route, r.group_by, r.repeat_hours, row_number() over (partition by f.id, r.channel order by r.route) as place
  from ranked f
  inner join plan_routes r on f.severity_rank >= r.min_rank
  left join scope_misses m on m.route = r.route and m.id = f.id
  -- Nobody is told over a channel that it failed: those words would wait behind the same fault.
  where m.id is null and not (f.detection = 'alert_undeliverable' and f.subject_id = r.channel)
),

silent as (
  select w.record_source, min(l.subject_id) as source, min(l.occurred_at) as since
  from finding_life l
  inner join stg_source_watch w on w.source = l.subject_id
  where l.detection = 'source_silent' and l.status in ('open', 'acknowledged') and w.record_source is not null
  group by w.record_source
),

inhibited as (
  select f.id, min(s.source) as source
  from ranked f
  inner join plan_absences a on a.detection = f.detection
  inner join silent s on s.record_source = a.record_source and f.occurred_at >= s.since
  group by f.id
),

window_kinds as (select distinct place, kind from plan_window_scopes),

window_misses as (
  select k.place, f.id
  from window_kinds k
  cross join ranked f
  left join plan_window_scopes s
    on s.place = k.place and s.kind = k.kind
    and s.name = case k.kind when 'detection' then f.detection when 'account' then f.account_id when 'cluster' then f.cluster_name end
  group by k.place, k.kind, f.id
  having count(s.name) = 0
),

maintained as (
  select f.id, max_by(struct_pack(until_at := w.until_at, reason := w.reason, owner := w.owner), struct_pack(until_at := w.until_at, place := -w.place)) as work
  from ranked f
  cross join plan_windows w
  left join window_misses m on m.place = w.place and m.id = f.id
  where m.id is null
  group by f.id
)

select
  f.id, f.detection, f.severity, f.severity_rank, f.status, f.opening, f.occurred_at, t.channel, t.repeat_hours,
  sha256(t.channel || chr(10) || coalesce(array_to_string(list_transform(t.group_by, lambda key: key || '=' || coalesce(
    case key
      when 'detection' then f.detection
      when 'identity' then coalesce(f.who_object_id, f.who_name)
      when 'role' then f.role_arn
      when 'task' then f.task_key
      when 'account' then f.account_id
    end, 'subject ' || f.subject_kind || ' ' || f.subject_id)), chr(10)), '')
    || case when len(t.group_by) = 0 then f.id else '' end) as group_key,
  case
    when i.id is not null then 'source ' || i.source || ' is silent, which may be all that is wrong'
    when m.id is not null then 'planned work until ' || strftime(m.work.until_at, '%Y-%m-%dT%H:%M:%SZ') || ' (' || m.work.owner || ': ' || m.work.reason || ')'
    when f.severity_rank < $quiet_below then 'quiet hours until ' || strftime($quiet_until, '%Y-%m-%dT%H:%M:%SZ')
  end as held_by
from ranked f
inner join fits t on t.id = f.id and t.place = 1
left join inhibited i on i.id = f.id
left join maintained m on m.id = f.id
order by f.occurred_at, f.detection, f.id, t.channel
