/*---
id: plan_findings
title: Which finding goes where, and what holds it back
description: |
  One row a finding that was found open, and a channel that some route sends it to: by the first route that fits. `held_by` says why it is
  not told now: a silent source or stream, planned work, or quiet hours. Reads finding_life, the plan's tables and cor_sessions.
params:
  quiet_below: { type: integer, description: "Findings of a lower rank wait (1 low … 4 critical); 0: no quiet hours now" }
  quiet_until: { type: timestamptz, description: "When they end; any time where there are none" }
---*/
with ranked as (
  select *, case severity when 'critical' then 4 when 'high' then 3 when 'medium' then 2 else 1 end as severity_rank
  from finding_life
  where status <> 'provisional'
),

-- What a route or a maintenance window names, and a finding has none of.
scope_kinds as (select distinct scope_of, place, kind from plan_scopes),

scope_misses as (
  select distinct k.scope_of, k.place, f.id
  from scope_kinds k
  cross join ranked f
  left join plan_scopes s
    on s.scope_of = k.scope_of and s.place = k.place and s.kind = k.kind
    and s.name = case k.kind
      when 'detection' then f.detection when 'account' then f.account_id when 'team' then f.team when 'cluster' then f.cluster_name
    end
  group by k.scope_of, k.place, k.kind, f.id
  having count(s.name) = 0
),

fits as (
  select f.id, r.channel, r.route, r.group_by, r.repeat_hours, row_number() over (partition by f.id, r.channel order by r.route) as place
  from ranked f
  inner join plan_routes r on f.severity_rank >= r.min_rank
  left join scope_misses m on m.scope_of = 'route' and m.place = r.route and m.id = f.id
  -- Nobody is told over a channel that it failed: those words would wait behind the same fault.
  where m.id is null and not (f.detection = 'alert_undeliverable' and f.subject_id = r.channel)
),

-- Where the records would stand that name who did it: a chain of sessions may come from another account, and a role may be taken through
-- any region's endpoint.
origins as (
  select s.session_id, s.account_id as session_account_id, r.account_id as root_account_id, r.opened_by_account_id,
    coalesce(r.tenant_id, s.tenant_id) as tenant_id,
    -- An issued role session at the root was taken by somebody whose account no record tells.
    r.session_id is null or (r.is_issued and r.session_kind = 'role') as is_from_anywhere
  from cor_sessions s
  left join cor_sessions r on r.session_id = s.root_session_id
),

placed as (
  select
    f.id, f.detection, f.occurred_at, f.who_kind, f.subject_kind = 'task' as is_task, f.account_id, f.aws_region,
    [f.account_id, o.session_account_id, o.root_account_id, o.opened_by_account_id] as account_ids,
    coalesce(o.is_from_anywhere, true) as is_from_anywhere, coalesce(f.who_tenant_id, o.tenant_id) as tenant_id
  from ranked f
  left join origins o on o.session_id = f.session_id
),

-- An absence that the silence of one stream may be all there is to. What is not known may be anywhere.
inhibited as (
  select f.id, min_by(struct_pack(source := s.source, stream := s.stream), struct_pack(stream := coalesce(s.stream, ''), source := s.source)) as silence
  from placed f
  inner join plan_absences a on a.detection = f.detection
  inner join plan_silences s
    on s.record_source = a.record_source and f.occurred_at >= s.since
    and (s.tenant_id is null or f.tenant_id is null or s.tenant_id = f.tenant_id)
    and (
      s.sign_in_kind is null
      or case f.who_kind
        when 'person' then s.sign_in_kind in ('interactive_user', 'non_interactive_user')
        when 'workload' then s.sign_in_kind in ('service_principal', 'managed_identity')
        else true
      end
    )
    and case
      when s.account_id is null then true
      when f.is_task then coalesce(s.account_id = f.account_id, true) and coalesce(s.aws_region = f.aws_region, true)
      else f.is_from_anywhere or list_contains(f.account_ids, s.account_id)
    end
  group by f.id
),

maintained as (
  select f.id, max_by(struct_pack(until_at := w.until_at, reason := w.reason, owner := w.owner), struct_pack(until_at := w.until_at, place := -w.place)) as work
  from ranked f
  cross join plan_windows w
  left join scope_misses m on m.scope_of = 'window' and m.place = w.place and m.id = f.id
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
    when i.id is not null
      then coalesce('stream ' || i.silence.stream || ' of ', '') || 'source ' || i.silence.source || ' is silent, which may be all that is wrong'
    when m.id is not null then 'planned work until ' || strftime(m.work.until_at, '%Y-%m-%dT%H:%M:%SZ') || ' (' || m.work.owner || ': ' || m.work.reason || ')'
    when f.severity_rank < $quiet_below then 'quiet hours until ' || strftime($quiet_until, '%Y-%m-%dT%H:%M:%SZ')
  end as held_by
from ranked f
inner join fits t on t.id = f.id and t.place = 1
left join inhibited i on i.id = f.id
left join maintained m on m.id = f.id
order by f.occurred_at, f.detection, f.id, t.channel
