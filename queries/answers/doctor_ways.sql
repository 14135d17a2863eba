/*---
id: doctor_ways
title: Which ways of making the join exact the landed sessions use
description: |
  One row a way (docs/exact-join.md): on how many sessions it was found, for how many of them it settled who it was or which
  sign-in it came from, and when it was last seen. `of_sessions` are the sessions opened with an Entra token; for
  `unsigned_source_identity` those opened by a plain AssumeRole with a source identity first set there.
---*/
with settings as (select * from cfg_settings),

patterns as (select * from cfg_session_names),

sessions as (select * from cor_sessions),

nodes as (select * from cor_session_nodes),

ways as (
  select * from (values
    (1, 'tag_oid'), (2, 'tag_uti'), (3, 'tag_correlation_id'), (4, 'source_identity'), (5, 'saml_subject'), (6, 'workload_subject'),
    (7, 'registry'), (8, 'session_name_oid_uti'), (9, 'session_name_oid'), (10, 'session_name_upn'), (11, 'unsigned_source_identity')
  ) as w (place, way)
),

entra as (
  select
    s.session_id, s.opened_at, s.identity_method, s.sign_in_grade, n.source_identity, n.role_session_name,
    n.principal_tags[c.tag_oid] as tag_oid, n.principal_tags[c.tag_uti] as tag_uti,
    n.principal_tags[c.tag_correlation_id] as tag_correlation_id
  from sessions s
  inner join nodes n on n.session_id = s.session_id
  cross join settings c
  where s.session_kind in ('web_identity', 'saml') and s.tenant_id is not null
),

named as (
  select e.session_id, e.opened_at, e.identity_method, e.sign_in_grade, p.shape,
    substr(e.role_session_name, length(p.prefix) + 1, length(e.role_session_name) - length(p.prefix) - length(p.suffix)) as body
  from entra e
  inner join patterns p
    on starts_with(e.role_session_name, p.prefix) and ends_with(e.role_session_name, p.suffix)
    and length(e.role_session_name) > length(p.prefix) + length(p.suffix)
),

carried as (
  select 'tag_oid' as way, session_id, opened_at, identity_method = 'signed_tag' as is_settled from entra where tag_oid is not null
  union all
  select 'tag_uti', session_id, opened_at, sign_in_grade = 'exact' from entra where tag_uti is not null
  union all
  select 'tag_correlation_id', session_id, opened_at, sign_in_grade = 'exact' and tag_uti is null from entra
  where tag_correlation_id is not null
  union all
  select 'source_identity', session_id, opened_at, identity_method = 'signed_source_identity' from entra where source_identity is not null
  union all
  select 'saml_subject', session_id, opened_at, true from entra where identity_method = 'saml_subject'
  union all
  select 'workload_subject', session_id, opened_at, true from entra where identity_method = 'subject_is_object_id'
  union all
  select 'registry', session_id, opened_at, true from entra where identity_method = 'registry'
  union all
  select distinct 'session_name_oid_uti', session_id, opened_at, identity_method = 'session_name' or sign_in_grade = 'exact' from named
  where shape = 'oid.uti' and as_guid(substr(body, 1, 36)) is not null and substr(body, 37, 1) = '.' and token_guid(substr(body, 38)) is not null
  union all
  select distinct 'session_name_oid', session_id, opened_at, identity_method = 'session_name' from named
  where shape = 'oid' and as_guid(body) is not null
  union all
  select distinct 'session_name_upn', session_id, opened_at, identity_method = 'session_name' from named
  where shape = 'upn' and body like '%_@_%'
  union all
  select 'unsigned_source_identity', session_id, opened_at, true from sessions
  where session_kind = 'role' and identity_method = 'source_identity_unsigned' and identity_session_id = session_id
),

totals as (select count(*) as of_sessions from entra)

select
  w.way, count(c.session_id) as sessions, count(c.session_id) filter (where c.is_settled) as settled,
  t.of_sessions, max(c.opened_at) as last_seen_at
from ways w
cross join totals t
left join carried c on c.way = w.way
group by w.place, w.way, t.of_sessions
order by w.place
