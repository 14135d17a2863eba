/*---
id: finding_life
title: Where each finding stands
description: |
  One row a finding that is there now or was ever recorded: what detections found, what runs saw change, what people decided, and
  what the configuration excepts. Reads the temporary tables life_decisions and life_changes, and the published findings.
  A decision holds for the opening in which it was made; a suppression holds for its time. Coming again, or a record of evidence that was
  not there when somebody resolved it, is a new opening, also before a run has recorded that. Evidence that only shrinks is not.
params:
  now: { type: timestamptz, description: "For suppressions and exceptions that end" }
---*/
with found as (
  select
    id, detection, severity, status, occurred_at, subject_kind, subject_id, summary, reason, dedup_key, controls, evidence, query_sha256,
    list_sort(list_distinct(list_transform(coalesce(evidence, []), lambda e: e.record_id))) as evidence_ids
  from findings
),

present as (
  select
    id, detection, severity, status, occurred_at, subject_kind, subject_id, summary, reason, dedup_key, controls, evidence, query_sha256,
    evidence_ids, sha256(array_to_string(evidence_ids, chr(10))) as evidence_sha256
  from found
),

-- What stood in the log last, and what it was like when it was last there.
recorded as (
  select
    finding_id,
    max_by(detection, seq) as detection,
    max_by(status, seq) as status,
    max_by("at", seq) as changed_at,
    max(opening) as opening,
    min("at") as first_recorded_at,
    max_by("at", seq) filter (where status = 'open') as opened_at,
    max_by(snapshot, seq) filter (where snapshot is not null) as snapshot
  from life_changes
  group by finding_id
),

known as (
  select
    coalesce(p.id, r.finding_id) as id,
    p.id is not null as is_present,
    coalesce(p.detection, r.detection) as detection,
    coalesce(p.severity, r.snapshot.severity) as severity,
    p.status as found_status,
    coalesce(p.occurred_at, r.snapshot.occurred_at) as occurred_at,
    coalesce(p.subject_kind, r.snapshot.subject_kind) as subject_kind,
    coalesce(p.subject_id, r.snapshot.subject_id) as subject_id,
    coalesce(p.summary, r.snapshot.summary) as summary,
    case when p.id is null then r.snapshot.reason else p.reason end as reason,
    coalesce(p.dedup_key, r.snapshot.dedup_key) as dedup_key,
    coalesce(p.controls, r.snapshot.controls) as controls,
    coalesce(p.evidence, []) as evidence,
    p.evidence_ids, p.evidence_sha256,
    coalesce(p.query_sha256, r.snapshot.query_sha256) as query_sha256,
    r.changed_at, r.first_recorded_at, r.opened_at,
    coalesce(r.opening, 1) + case when p.id is not null and r.status = 'resolved' then 1 else 0 end as opening_before_evidence
  from present p
  full join recorded r on r.finding_id = p.id
),

-- The last word of people in this opening.
judged as (
  select finding_id, opening, max_by(struct_pack(decision, "at", "by", reason, evidence_sha256, evidence_ids), seq) as word
  from life_decisions
  where decision in ('acknowledge', 'resolve', 'reopen')
  group by finding_id, opening
),

-- Old lines of the journal have only a hash of all the records, which differs when one is gone as well.
opened as (
  select
    k.*,
    k.opening_before_evidence + case
      when not k.is_present or j.word.decision is distinct from 'resolve' then 0
      when j.word.evidence_ids is not null then case when list_has_all(j.word.evidence_ids, k.evidence_ids) then 0 else 1 end
      when j.word.evidence_sha256 <> k.evidence_sha256 then 1
      else 0
    end as opening
  from known k
  left join judged j on j.finding_id = k.id and j.opening = k.opening_before_evidence
),

suppressions as (
  select finding_id, max_by(struct_pack(decision, "at", "by", reason, until_at), seq) as word
  from life_decisions
  where decision in ('suppress', 'unsuppress')
  group by finding_id
),

assignments as (
  select finding_id, max_by(struct_pack(assignee, "at", "by"), seq) as word
  from life_decisions
  where decision = 'assign'
  group by finding_id
),

facts as (
  select
    id, who_kind, who_tenant_id, who_object_id, who_name, session_id, role_arn, account_id, aws_region, cluster_name, task_key
  from finding_facts
),

exceptions as (
  select o.id, min_by(
    struct_pack(owner := x.owner, reason := x.reason, expires_at := x.expires_at),
    struct_pack(expires_at := x.expires_at, owner := x.owner, reason := x.reason)
  ) as word
  from opened o
  left join facts f on f.id = o.id
  inner join cfg_exceptions x
    on x.detection = o.detection and x.expires_at > $now
    and (x.subject_id is null or x.subject_id = o.subject_id)
    and (x.object_id is null or x.object_id = f.who_object_id)
    and (x.role_arn is null or x.role_arn = f.role_arn)
    and (x.account_id is null or x.account_id = f.account_id)
    and (x.cluster_name is null or x.cluster_name = f.cluster_name)
  group by o.id
),

-- A team fits where, of each kind of thing that it names, the finding has one; the first team that fits owns it.
team_fits as (
  select
    o.id, t.place, t.team,
    bool_or(
      (t.kind = 'account' and t.name = f.account_id) or (t.kind = 'cluster' and t.name = f.cluster_name)
      or (t.kind = 'role' and (t.name = f.role_arn or ends_with(f.role_arn, '/' || t.name)))
    ) as fits
  from opened o
  inner join facts f on f.id = o.id
  cross join cfg_teams t
  group by o.id, t.place, t.team, t.kind
),

team_answers as (
  select id, place, team from team_fits group by id, place, team having bool_and(coalesce(fits, false))
),

teams as (select id, min_by(team, place) as team from team_answers group by id),

joined as (
  select
    o.*, f.who_kind, f.who_tenant_id, f.who_object_id, f.who_name, f.session_id, f.role_arn, f.account_id, f.aws_region, f.cluster_name, f.task_key,
    t.team, a.word.assignee as assignee,
    j.word as judgement,
    case when s.word.decision = 'suppress' and s.word.until_at > $now then s.word end as suppression,
    x.word as exception
  from opened o
  left join facts f on f.id = o.id
  left join teams t on t.id = o.id
  left join assignments a on a.finding_id = o.id
  left join judged j on j.finding_id = o.id and j.opening = o.opening
  left join suppressions s on s.finding_id = o.id
  left join exceptions x on x.id = o.id
),

stated as (
  select
    *,
    case
      when not is_present then 'resolved'
      when suppression is not null or exception is not null then 'suppressed'
      when judgement.decision = 'resolve' then 'resolved'
      when judgement.decision = 'acknowledge' and found_status = 'open' then 'acknowledged'
      else found_status
    end as status
  from joined
)

select
  id, detection, severity, status,
  case
    when not is_present then changed_at
    when status = 'suppressed' then suppression."at"
    when judgement.decision is not null and judgement.decision <> 'reopen' and found_status = 'open' then judgement."at"
    when opening = opening_before_evidence then coalesce(opened_at, first_recorded_at)
  end as status_since,
  cast(opening as integer) as opening,
  is_present, occurred_at, subject_kind, subject_id, summary, reason, dedup_key, controls, evidence, evidence_ids, evidence_sha256, query_sha256,
  who_kind, who_tenant_id, who_object_id, who_name, session_id, role_arn, account_id, aws_region, cluster_name, task_key,
  team, assignee,
  case when status = 'suppressed' then coalesce(suppression."by", exception.owner) when is_present then judgement."by" end as decided_by,
  case when status = 'suppressed' then suppression."at" when is_present then judgement."at" end as decided_at,
  case when status = 'suppressed' then coalesce(suppression.reason, exception.reason) when is_present then judgement.reason end as decided_reason,
  case when status = 'suppressed' then coalesce(suppression.until_at, exception.expires_at) end as suppressed_until,
  case when status = 'suppressed' then case when suppression is not null then 'decision' else 'exception' end end as suppressed_by
from stated
order by occurred_at, detection, id
