/*---
id: role_outside_group_mapping
title: A role held by a person outside the groups that may hold it
description: |
  A session of a role that the configuration maps to Entra groups (`access.role_groups`), of a person who was in none of them. That is told
  by whole snapshots of the directory: those read last before the session and begun first after it, one of each mapped group, must both lack
  the person, and no landed "Add member to group" may lie between the earlier one and the session, unless it was undone before the session.
  Counted are members as the source delivers them: Graph's transitiveMembers, so through groups within the group too. Identities that are
  proved or asserted; inferred ones would accuse by a guess. Provisional until each group has a later whole snapshot, and directory audits
  are landed through the session and the settling time.
  Not seen: sessions before a group's first whole snapshot in the person's tenant (nobody can know who was in it then, so nothing is said;
  `whoran ask` shows the session); whoever left the group between the earlier snapshot and the session; whoever was added to a group and
  removed from it between two snapshots where no audit says so; a whole group that was put into a mapped one and taken out again between
  two. Where a mapped group is deleted, or no directory audits are landed, findings stay provisional: take the group out of the mapping.
severity: high
sources: [cloudtrail, sign_ins, directory, directory_audits]
absence_of: [directory, directory_audits]
controls: [soc2:CC6.1, soc2:CC6.2, soc2:CC6.3, iso27001:A.5.15, iso27001:A.5.18, iso27001:A.8.2]
false_positives: |
  A mapping that names the wrong group or not all of them. Somebody who was let in another way on purpose: make an exception with its reason.
runbook: |
  1. Ask for the session (`whoran ask` with its key): who it was, how that is known, and how they came to the role.
  2. Look in Entra at the groups that the role is mapped to, and in the role's trust policy at who else can assume it: the way in that the
     mapping does not know is what has to be closed or written down.
  3. If nobody approved it, revoke the role's sessions in IAM and list what the session did.
  4. Correct the trust policy or the application's assignment; if the mapping is wrong, correct `access.role_groups`.
---*/
with mapping as (
  select role_arn, is_beginning, group_id
  from cfg_role_groups
),
settings as (
  select max(settle_minutes) as settle_minutes
  from cfg_settings
),
sessions as (
  select
    session_id, opened_at, role_arn, who_tenant_id, who_object_id, sign_in_id, reason, is_provisional, opened_by_account_id, opened_by_event_id
  from cor_sessions
  where is_issued and session_kind in ('web_identity', 'saml', 'role') and who_kind = 'person' and who_object_id is not null
    and confidence in ('proved', 'asserted')
),
snapshots as (
  select tenant_id, group_id, snapshot_at, read_at, next_read_at, previous_snapshot_at
  from cor_group_snapshots
),
pages as (
  select tenant_id, group_id, snapshot_at, page_id, members_key
  from stg_group_pages
),
members as (
  select tenant_id, group_id, members_key, member_id, member_kind
  from stg_group_members
),
changes as (
  select tenant_id, group_id, object_id, kind, changed_at, audit_id
  from cor_group_changes
),
audited as (
  select tenant_id, max(activity_at) as audited_through
  from stg_directory_audits
  group by tenant_id
),
objects as (
  select
    tenant_id, object_id, name,
    row_number() over (partition by tenant_id, object_id order by snapshot_at desc nulls last, name, record_sha256) as place
  from stg_directory_objects
  where kind = 'group'
),
identities as (
  select tenant_id, object_id, name
  from cor_identities
),
sign_ins as (
  select tenant_id, sign_in_id, created_at
  from cor_sign_ins
),
-- One row a session and group that may hold its role.
asked as (
  select distinct s.session_id, s.opened_at, s.who_tenant_id, s.who_object_id, m.group_id
  from sessions s
  join mapping m on s.role_arn = m.role_arn or (m.is_beginning and starts_with(s.role_arn, m.role_arn))
),
-- The snapshots on both sides of the session. One that is begun before it and read after it is on neither.
sides as (
  select a.session_id, a.opened_at, a.who_tenant_id, a.who_object_id, a.group_id, 'before' as side, n.snapshot_at
  from asked a
  join snapshots n
    on n.tenant_id = a.who_tenant_id and n.group_id = a.group_id and n.read_at <= a.opened_at and (n.next_read_at is null or n.next_read_at > a.opened_at)
  union all
  select a.session_id, a.opened_at, a.who_tenant_id, a.who_object_id, a.group_id, 'after', n.snapshot_at
  from asked a
  join snapshots n
    on n.tenant_id = a.who_tenant_id and n.group_id = a.group_id and n.snapshot_at > a.opened_at
    and (n.previous_snapshot_at is null or n.previous_snapshot_at <= a.opened_at)
),
counted as (
  select
    a.session_id, count(distinct a.group_id) as mapped_groups, min(a.group_id) as first_group_id,
    count(distinct case when d.side = 'before' then a.group_id end) as groups_before,
    count(distinct case when d.side = 'after' then a.group_id end) as groups_after
  from asked a
  left join sides d on d.session_id = a.session_id and d.group_id = a.group_id
  group by a.session_id
),
shown as (
  select d.session_id, d.opened_at, d.who_tenant_id, d.who_object_id, d.group_id, d.side, d.snapshot_at, p.page_id, p.members_key
  from sides d
  join pages p on p.tenant_id = d.who_tenant_id and p.group_id = d.group_id and p.snapshot_at = d.snapshot_at
),
is_member as (
  select distinct s.session_id
  from shown s
  join members m on m.tenant_id = s.who_tenant_id and m.group_id = s.group_id and m.members_key = s.members_key and m.member_id = s.who_object_id
),
-- The mapped groups themselves and those within them: whoever joins one of these is in.
doors as (
  select d.session_id, d.opened_at, d.who_tenant_id, d.who_object_id, d.group_id as door_id, min(d.snapshot_at) as since
  from sides d
  where d.side = 'before'
  group by d.session_id, d.opened_at, d.who_tenant_id, d.who_object_id, d.group_id
  union all
  select s.session_id, s.opened_at, s.who_tenant_id, s.who_object_id, m.member_id, min(b.snapshot_at)
  from shown s
  join members m on m.tenant_id = s.who_tenant_id and m.group_id = s.group_id and m.members_key = s.members_key and m.member_kind = 'group'
  join sides b on b.session_id = s.session_id and b.group_id = s.group_id and b.side = 'before'
  group by s.session_id, s.opened_at, s.who_tenant_id, s.who_object_id, m.member_id
),
-- What happened to the person at each of them last before the session; of two changes of one moment the addition counts.
changed as (
  select
    d.session_id, d.who_tenant_id, c.kind, c.changed_at, c.audit_id,
    row_number() over (partition by d.session_id, d.door_id order by c.changed_at desc, c.kind, c.audit_id) as place
  from doors d
  join changes c
    on c.tenant_id = d.who_tenant_id and c.group_id = d.door_id and c.object_id = d.who_object_id and c.changed_at >= d.since and c.changed_at <= d.opened_at
),
let_in as (
  select distinct session_id
  from changed
  where place = 1 and kind = 'added'
),
outside as (
  select c.session_id, c.mapped_groups, c.first_group_id, c.groups_after
  from counted c
  left join is_member i on i.session_id = c.session_id
  left join let_in l on l.session_id = c.session_id
  where c.groups_before = c.mapped_groups and i.session_id is null and l.session_id is null
),
proofs as (
  select session_id, 1 as place, 'cloudtrail' as source, opened_by_account_id as owner_id, opened_by_event_id as record_id, opened_at as record_at
  from sessions
  union all
  select s.session_id, 2, 'sign_ins', s.who_tenant_id, s.sign_in_id, i.created_at
  from sessions s
  left join sign_ins i on i.tenant_id = s.who_tenant_id and i.sign_in_id = s.sign_in_id
  union all
  select session_id, 3, 'directory', who_tenant_id, page_id, snapshot_at
  from shown
  group by session_id, who_tenant_id, page_id, snapshot_at
  union all
  select session_id, 4, 'directory_audits', who_tenant_id, audit_id, changed_at
  from changed
  where place = 1
  group by session_id, who_tenant_id, audit_id, changed_at
),
evidence as (
  select p.session_id, array_agg(row(p.source, p.owner_id, p.record_id, p.record_at) order by p.place, p.record_at, p.record_id) as evidence
  from proofs p
  join outside o on o.session_id = p.session_id
  group by p.session_id
)
select
  'session' as subject_kind,
  s.session_id as subject_id,
  s.opened_at as occurred_at,
  coalesce(i.name, s.who_object_id) || ' opened session ' || s.session_id || ' of ' || s.role_arn || ', which is for members of '
    || coalesce(g.name, o.first_group_id)
    || case
      when o.mapped_groups = 2 then ' and one other group' when o.mapped_groups > 2 then ' and ' || cast(o.mapped_groups - 1 as varchar) || ' other groups'
      else ''
    end
    || ', and was no member before'
    || case when o.groups_after = o.mapped_groups then ' or after it' else '; how it was afterwards is not delivered yet' end as summary,
  'role_outside_group_mapping/' || s.session_id as dedup_key,
  s.reason,
  e.evidence,
  s.is_provisional or o.groups_after < o.mapped_groups or t.settle_minutes is null or a.audited_through is null
    or a.audited_through < s.opened_at + t.settle_minutes * interval '1' minute as is_provisional
from outside o
join sessions s on s.session_id = o.session_id
join evidence e on e.session_id = o.session_id
cross join settings t
left join audited a on a.tenant_id = s.who_tenant_id
left join identities i on i.tenant_id = s.who_tenant_id and i.object_id = s.who_object_id
left join objects g on g.tenant_id = s.who_tenant_id and g.object_id = o.first_group_id and g.place = 1
order by occurred_at, dedup_key
