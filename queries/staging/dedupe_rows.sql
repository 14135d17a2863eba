/*---
id: dedupe_rows
title: Sign-ins, directory audits and snapshots, ECS events, log lines and the registry, into their tables
description: |
  Reads `staged_<table>` (what the staging file of each form made of `framed`). A sign-in row that comes again unchanged is
  a repeat, a changed one is another version. Of two copies of a task event or audit row, the best source counts, then the
  least SHA-256, whichever came first; counted as new is the copy that was landed first. An import replaces registry entries
  with its own.
---*/
-- Sign-ins: every version once.
create or replace temp table kept_sign_ins as
with numbered as (
  select *, row_number() over (partition by tenant_id, sign_in_id, record_sha256 order by batch_seq, member, record_number) as copy_number
  from staged_sign_ins
  where reject_reason is null
)

select numbered.* exclude (copy_number)
from numbered
anti join stg_sign_ins as known
  on known.tenant_id = numbered.tenant_id and known.sign_in_id = numbered.sign_in_id and known.record_sha256 = numbered.record_sha256
where numbered.copy_number = 1;

insert into stg_sign_ins by name select * exclude (reject_reason) from kept_sign_ins;

-- Directory audits.
create or replace temp table numbered_directory_audits as
with numbered as (
  select
    *,
    row_number() over (partition by tenant_id, audit_id order by record_sha256, batch_seq, member, record_number) as copy_number,
    row_number() over (partition by tenant_id, audit_id order by batch_seq, member, record_number) as delivery_number
  from staged_directory_audits
  where reject_reason is null
)

select numbered.*, known.audit_id is null as is_new, known.record_sha256 as known_sha256
from numbered
left join stg_directory_audits as known on known.tenant_id = numbered.tenant_id and known.audit_id = numbered.audit_id;

create or replace temp table kept_directory_audits as
select * exclude (copy_number, delivery_number, is_new, known_sha256)
from numbered_directory_audits
where copy_number = 1 and (is_new or record_sha256 < known_sha256);

delete from stg_directory_audits as t using kept_directory_audits as k where t.tenant_id = k.tenant_id and t.audit_id = k.audit_id;
insert into stg_directory_audits by name select * exclude (reject_reason) from kept_directory_audits;

-- Task state changes: duplicates share the version (aws.md 3.2); without one, the event's own id is the key. A described task
-- tells the state of its version, so it is a copy of that state change and ranks after it.
insert into staged_task_events by name select * from staged_described_tasks;

create or replace temp table numbered_task_events as
with incoming as (
  select distinct task_key from staged_task_events where reject_reason is null
),

-- Sought by the few keys that came in: what this costs hardly grows with what is stored.
known_states as (
  select t.task_key, t.task_version, t.event_id, t.source_rank, t.record_sha256
  from stg_task_events as t
  semi join incoming as i on i.task_key = t.task_key
),

keyed as (
  select *, case when task_version is null then event_id end as event_key
  from staged_task_events
  where reject_reason is null
),

numbered as (
  select
    *,
    row_number() over (
      partition by task_key, task_version, event_key order by source_rank, record_sha256, batch_seq, member, record_number
    ) as copy_number,
    row_number() over (partition by task_key, task_version, event_key order by batch_seq, member, record_number) as delivery_number
  from keyed
)

select numbered.* exclude (event_key), known.task_key is null as is_new, known.source_rank as known_rank, known.record_sha256 as known_sha256
from numbered
left join known_states as known
  on known.task_key = numbered.task_key and known.task_version is not distinct from numbered.task_version
  and (numbered.task_version is not null or known.event_id = numbered.event_id);

create or replace temp table kept_task_events as
select * exclude (copy_number, delivery_number, is_new, known_rank, known_sha256)
from numbered_task_events
where copy_number = 1 and (is_new or (source_rank, record_sha256) < (known_rank, known_sha256));

delete from stg_task_events as t using kept_task_events as k
where t.task_key = k.task_key and t.task_version is not distinct from k.task_version
  and (k.task_version is not null or t.event_id = k.event_id);
insert into stg_task_events by name select * exclude (reject_reason) from kept_task_events;

-- Other ECS events: two events that share an id and differ in time or kind are two.
create or replace temp table numbered_ecs_events as
with numbered as (
  select
    *,
    row_number() over (
      partition by account_id, event_id, event_at, detail_type order by source_rank, record_sha256, batch_seq, member, record_number
    ) as copy_number,
    row_number() over (partition by account_id, event_id, event_at, detail_type order by batch_seq, member, record_number) as delivery_number
  from staged_ecs_events
  where reject_reason is null
)

select numbered.*, known.event_id is null as is_new, known.source_rank as known_rank, known.record_sha256 as known_sha256
from numbered
left join stg_ecs_events as known
  on known.account_id = numbered.account_id and known.event_id = numbered.event_id and known.event_at = numbered.event_at
  and known.detail_type = numbered.detail_type;

create or replace temp table kept_ecs_events as
select * exclude (copy_number, delivery_number, is_new, known_rank, known_sha256)
from numbered_ecs_events
where copy_number = 1 and (is_new or (source_rank, record_sha256) < (known_rank, known_sha256));

delete from stg_ecs_events as t using kept_ecs_events as k
where t.account_id = k.account_id and t.event_id = k.event_id and t.event_at = k.event_at and t.detail_type = k.detail_type;
insert into stg_ecs_events by name select * exclude (reject_reason) from kept_ecs_events;

-- Lines of applications' logs: a page that is read again, or framed otherwise, holds events of the same ids.
create or replace temp table numbered_application_logs as
with numbered as (
  select
    *,
    row_number() over (partition by account_id, event_id order by record_sha256, batch_seq, member, record_number) as copy_number,
    row_number() over (partition by account_id, event_id order by batch_seq, member, record_number) as delivery_number
  from staged_application_logs
  where reject_reason is null
)

select numbered.*, known.event_id is null as is_new, known.record_sha256 as known_sha256
from numbered
left join stg_application_logs as known
  on known.account_id is not distinct from numbered.account_id and known.event_id = numbered.event_id;

create or replace temp table kept_application_logs as
select * exclude (copy_number, delivery_number, is_new, known_sha256)
from numbered_application_logs
where copy_number = 1 and (is_new or record_sha256 < known_sha256);

delete from stg_application_logs as t using kept_application_logs as k
where t.account_id is not distinct from k.account_id and t.event_id = k.event_id;
insert into stg_application_logs by name select * exclude (reject_reason) from kept_application_logs;

-- Snapshots of the directory: what stands in several is one row, from the first of them to the last, at the place of the last.
create or replace temp table numbered_directory_objects as
with numbered as (
  select
    * replace (min(snapshot_at) over (partition by tenant_id, object_id, record_sha256) as first_snapshot_at),
    row_number() over (
      partition by tenant_id, object_id, record_sha256 order by snapshot_at desc nulls last, batch_seq, member, record_number
    ) as copy_number,
    row_number() over (partition by tenant_id, object_id, record_sha256 order by batch_seq, member, record_number) as delivery_number
  from staged_directory_objects
  where reject_reason is null
)

select
  numbered.* replace (least(numbered.first_snapshot_at, known.first_snapshot_at) as first_snapshot_at),
  known.object_id is null as is_new,
  known.object_id is null or coalesce(numbered.snapshot_at > known.snapshot_at, known.snapshot_at is null and numbered.snapshot_at is not null) as is_later
from numbered
left join stg_directory_objects as known on known.tenant_id = numbered.tenant_id and known.object_id = numbered.object_id and known.record_sha256 = numbered.record_sha256;

update stg_directory_objects as t set first_snapshot_at = k.first_snapshot_at
from numbered_directory_objects as k
where k.copy_number = 1 and t.tenant_id = k.tenant_id and t.object_id = k.object_id and t.record_sha256 = k.record_sha256;

create or replace temp table kept_directory_objects as
select * exclude (copy_number, delivery_number, is_new, is_later)
from numbered_directory_objects
where copy_number = 1 and is_later;

delete from stg_directory_objects as t using kept_directory_objects as k where t.tenant_id = k.tenant_id and t.object_id = k.object_id and t.record_sha256 = k.record_sha256;
insert into stg_directory_objects by name select * exclude (reject_reason) from kept_directory_objects;

-- Pages of members: each once, and what they say once. Whoever read a page twice had read it by the later time for certain.
create or replace temp table numbered_group_pages as
with numbered as (
  select
    * replace (max(read_at) over (partition by tenant_id, group_id, snapshot_at, page_number, record_sha256) as read_at),
    row_number() over (
      partition by tenant_id, group_id, snapshot_at, page_number, record_sha256 order by batch_seq, member, record_number
    ) as delivery_number
  from staged_group_pages
  where reject_reason is null
)

select numbered.*, known.group_id is null as is_new
from numbered
left join stg_group_pages as known
  on known.tenant_id = numbered.tenant_id and known.group_id = numbered.group_id and known.snapshot_at is not distinct from numbered.snapshot_at
  and known.page_number = numbered.page_number and known.record_sha256 = numbered.record_sha256;

update stg_group_pages as t set read_at = k.read_at
from numbered_group_pages as k
where k.delivery_number = 1 and not k.is_new and t.tenant_id = k.tenant_id and t.group_id = k.group_id
  and t.snapshot_at is not distinct from k.snapshot_at and t.page_number = k.page_number and t.record_sha256 = k.record_sha256
  and k.read_at > t.read_at;

insert into stg_group_pages by name
select * exclude (members, reject_reason, delivery_number, is_new) from numbered_group_pages where is_new and delivery_number = 1;

insert into stg_group_members
select distinct p.tenant_id, p.group_id, p.members_key, m.one.member_id, m.one.member_kind
from numbered_group_pages as p
cross join unnest(p.members) as m (one)
anti join stg_group_members as known
  on known.tenant_id = p.tenant_id and known.group_id = p.group_id and known.members_key = p.members_key
where p.delivery_number = 1;

-- The registry: the last import of a key counts; an entry that says what the one before says is a repeat.
create or replace temp table numbered_identity_registry as
with entries as (
  select *, {tenant_id: tenant_id, object_id: object_id, name: name, kind: kind} as entry
  from staged_identity_registry
  where reject_reason is null
),

numbered as (
  select
    *,
    row_number() over (partition by issuer, audience, subject order by batch_seq desc, record_number desc) as copy_number,
    lag(entry) over (partition by issuer, audience, subject order by batch_seq, record_number) as entry_before
  from entries
)

select
  numbered.* exclude (entry, entry_before),
  numbered.entry is distinct from coalesce(
    numbered.entry_before,
    case
      when known.issuer is not null
      then {tenant_id: known.tenant_id, object_id: known.object_id, name: known.name, kind: known.kind}
    end
  ) as is_new
from numbered
left join stg_identity_registry as known
  on known.issuer = numbered.issuer and known.audience = numbered.audience and known.subject = numbered.subject;

create or replace temp table kept_identity_registry as
select * exclude (copy_number, is_new)
from numbered_identity_registry
where copy_number = 1;

delete from stg_identity_registry as t using kept_identity_registry as k
where t.issuer = k.issuer and t.audience = k.audience and t.subject = k.subject;
insert into stg_identity_registry by name select * exclude (reject_reason) from kept_identity_registry;

-- Counts and rejects of all of them.
create or replace temp table staged_outcomes as
with results as (
  select batch_seq, member, record_number, reject_reason from staged_sign_ins
  union all
  select batch_seq, member, record_number, reject_reason from staged_directory_audits
  union all
  select batch_seq, member, record_number, reject_reason from staged_task_events
  union all
  select batch_seq, member, record_number, reject_reason from staged_ecs_events
  union all
  select batch_seq, member, record_number, reject_reason from staged_application_logs
  union all
  select batch_seq, member, record_number, reject_reason from staged_directory_objects
  union all
  select batch_seq, member, record_number, reject_reason from staged_group_pages
  union all
  select batch_seq, 0, record_number, reject_reason from staged_identity_registry
),

fresh as (
  select batch_seq, member, record_number from kept_sign_ins
  union all
  select batch_seq, member, record_number from numbered_directory_audits where is_new and delivery_number = 1
  union all
  select batch_seq, member, record_number from numbered_task_events where is_new and delivery_number = 1
  union all
  select batch_seq, member, record_number from numbered_ecs_events where is_new and delivery_number = 1
  union all
  select batch_seq, member, record_number from numbered_application_logs where is_new and delivery_number = 1
  union all
  select batch_seq, member, record_number from numbered_directory_objects where is_new and delivery_number = 1
  union all
  select batch_seq, member, record_number from numbered_group_pages where is_new and delivery_number = 1
  union all
  select batch_seq, 0, record_number from numbered_identity_registry where is_new
)

select framed.form, results.batch_seq, results.member, results.record_number, results.reject_reason, fresh.batch_seq is not null as is_new
from results
join framed
  on framed.batch_seq = results.batch_seq and framed.member = results.member and framed.record_number = results.record_number
left join fresh
  on fresh.batch_seq = results.batch_seq and fresh.member = results.member and fresh.record_number = results.record_number;

insert into stage_counts
select
  batch_seq, member, form, count(*), count(*) filter (where is_new),
  count(*) filter (where reject_reason is null and not is_new), count(*) filter (where reject_reason is not null), 0
from staged_outcomes
group by batch_seq, member, form;

insert into stg_rejects
select o.batch_seq, o.member, members.origin, o.record_number, o.form, o.reject_reason
from staged_outcomes as o
join stage_members as members on members.batch_seq = o.batch_seq and members.member = o.member
where o.reject_reason is not null;
