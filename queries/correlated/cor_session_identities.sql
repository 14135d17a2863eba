/*---
id: cor_session_identities
title: Who each token is, and which sign-in issued it
description: |
  One row a token: the strongest method that applies, what the others say, the sign-in's grade, and the reason where one is
  missing (ATTRIBUTION 3 and 4; RULINGS 9 to 15). A token or correlation id names its own issuance: where no landed row has
  it there is no falling back to a window.
---*/
with settings as (select * from cfg_settings),

tokens as (select * from cor_tokens),

-- Sign-ins in the window, per token and identity.
pairs as (select * from cor_window_sign_ins where found = 'by_identity'),

-- A session name counts only with a sign-in of that identity in the window, with the token id where it gives one.
applied_names as (
  select c.session_id, c.rank, c.method, c.tenant_id, c.object_id, c.confidence, max(p.sign_in_id) filter (where c.claimed_token_id is not null) as named_sign_in_id
  from cor_identity_claims c
  inner join pairs p
    on p.session_id = c.session_id and p.tenant_id = c.tenant_id and p.object_id = c.object_id
    and (c.claimed_token_id is null or p.token_id = c.claimed_token_id)
  where c.needs_sign_in
  group by c.session_id, c.rank, c.method, c.tenant_id, c.object_id, c.confidence
),

-- How far the tenant is complete for an identity that nobody named.
unknown_readiness as (
  select
    t.session_id,
    coalesce(r.kinds_missing, 0) = 0 and coalesce(t.opened_at >= r.first_at, not r.is_needed, false)
      and coalesce(r.complete_through >= minutes_after(t.opened_at, s.settle_minutes), not r.is_needed, false) as is_complete
  from tokens t
  cross join settings s
  left join cor_readiness r on r.tenant_id = t.tenant_id and r.need = t.need_of_unknown
),

address_counts as (
  select session_id, count(*) as sign_ins, min(tenant_id) as tenant_id, min(object_id) as object_id, min(sign_in_id) as sign_in_id
  from cor_window_sign_ins
  where found = 'by_address'
  group by session_id
),

applied_addresses as (
  select a.session_id, 9 as rank, 'time_and_address' as method, a.tenant_id, a.object_id, 'inferred' as confidence,
    a.sign_in_id as named_sign_in_id
  from address_counts a
  inner join unknown_readiness r on r.session_id = a.session_id
  where a.sign_ins = 1 and r.is_complete
),

applied as (
  select session_id, rank, method, tenant_id, object_id, confidence, cast(null as varchar) as named_sign_in_id
  from cor_identity_claims where not needs_sign_in
  union all
  select session_id, rank, method, tenant_id, object_id, confidence, named_sign_in_id from applied_names
  union all
  select session_id, rank, method, tenant_id, object_id, confidence, named_sign_in_id from applied_addresses
),

-- Two session name patterns that name two identities settle nothing.
ranked as (
  select
    *,
    row_number() over (partition by session_id order by rank, named_sign_in_id nulls last, object_id) as place,
    count(*) over (partition by session_id) as methods,
    min(object_id) over (partition by session_id, rank) <> max(object_id) over (partition by session_id, rank) as is_split
  from applied
),

winners as (
  select session_id, method, tenant_id, object_id, confidence from ranked where place = 1 and not is_split
),

conflicts as (
  select
    session_id,
    list_sort(array_agg(distinct method || ':' || object_id)) as conflicts
  from ranked
  where methods > 1
  group by session_id
  having count(distinct tenant_id || '/' || object_id) > 1
),

-- The sign-in that a session name names counts for whoever won, where it is theirs.
named as (
  select w.session_id, max(a.named_sign_in_id) as sign_in_id
  from winners w
  inner join applied_names a on a.session_id = w.session_id and a.tenant_id = w.tenant_id and a.object_id = w.object_id
  group by w.session_id
),

people as (
  select
    t.session_id, t.opened_at, t.tenant_id as provider_tenant_id, t.is_our_tenant, t.is_unsigned, t.need_of_unknown,
    t.app_id, t.tag_uti, t.tag_token_id, t.tag_correlation_id, t.issuer, t.subject, t.session_kind,
    w.method, w.tenant_id, w.object_id, w.confidence,
    coalesce(i.kind, 'person') as kind,
    case when w.object_id is null then t.need_of_unknown
      when coalesce(i.kind, 'person') = 'person' then 'person'
      else coalesce(i.sign_in_kind, 'workload') end as need,
    n.sign_in_id as named_sign_in_id,
    case when t.is_unsigned then coalesce(
      exists (select 1 from cfg_tenants c where c.tenant_id = w.tenant_id)
      or (not exists (select 1 from cfg_tenants)
        and exists (select 1 from stg_sources s where s.source = 'sign_ins' and s.tenant_id = w.tenant_id)), false)
      else t.is_our_tenant end as is_ours
  from tokens t
  left join winners w on w.session_id = t.session_id
  left join cor_identities i on i.tenant_id = w.tenant_id and i.object_id = w.object_id
  left join named n on n.session_id = t.session_id
),

-- Sign-ins by token id or by correlation id: any age, up to two minutes after the session.
issued as (
  select
    p.session_id, s.sign_in_id, s.created_at, s.sign_in_kind,
    row_number() over (partition by p.session_id order by s.created_at desc, s.sign_in_id desc) as place
  from people p
  inner join cor_sign_ins s
    on s.tenant_id = p.tenant_id and s.token_id = p.tag_token_id and s.object_id = p.object_id
  where p.tag_uti is not null and p.is_ours and s.is_success and s.created_at <= minutes_after(p.opened_at, 2)
  union all
  select
    p.session_id, s.sign_in_id, s.created_at, s.sign_in_kind,
    row_number() over (partition by p.session_id order by s.created_at desc, s.sign_in_id desc) as place
  from people p
  inner join cor_sign_ins s
    on s.tenant_id = p.tenant_id and s.correlation_id = p.tag_correlation_id and s.object_id = p.object_id
  where p.tag_uti is null and p.tag_correlation_id is not null and p.is_ours
    and s.is_success and s.created_at <= minutes_after(p.opened_at, 2)
  union all
  select p.session_id, s.sign_in_id, s.created_at, s.sign_in_kind, 1 as place
  from people p
  inner join cor_sign_ins s on s.tenant_id = p.tenant_id and s.sign_in_id = p.named_sign_in_id
  where p.tag_uti is null and p.tag_correlation_id is null and p.is_ours
),

-- Whether any landed row of the tenant has the correlation id of an unknown identity (it then says nothing: ATTRIBUTION 3).
known_correlations as (
  select distinct p.session_id
  from people p
  inner join cor_sign_ins s on s.tenant_id = p.provider_tenant_id and s.correlation_id = p.tag_correlation_id
  where p.object_id is null and p.tag_correlation_id is not null
),

windows as (
  select p.session_id, count(*) as sign_ins, min(w.sign_in_id) as sign_in_id
  from people p
  inner join pairs w on w.session_id = p.session_id and w.tenant_id = p.tenant_id and w.object_id = p.object_id
  where p.tag_uti is null and p.tag_correlation_id is null and p.is_ours
  group by p.session_id
),

graded as (
  select
    p.*,
    e.sign_in_id as exact_sign_in_id,
    coalesce(e.created_at < minutes_after(
      p.opened_at,
      -case when e.sign_in_kind = 'managed_identity' then s.managed_identity_lifetime_minutes else s.token_lifetime_minutes end
    ), false) as is_exact_too_old,
    case
      when e.sign_in_id is not null then 'exact'
      when p.method = 'time_and_address' then 'window'
      when w.sign_ins = 1 then 'window'
      when w.sign_ins > 1 then 'ambiguous'
      when p.object_id is null and p.is_ours and a.sign_ins > 1 then 'ambiguous'
      else 'none'
    end as grade,
    case
      when e.sign_in_id is not null then e.sign_in_id
      when p.method = 'time_and_address' then a.sign_in_id
      when w.sign_ins = 1 then w.sign_in_id
    end as sign_in_id,
    p.tag_uti is not null or (p.tag_correlation_id is not null and (p.object_id is not null or k.session_id is null)) as names_issuance,
    coalesce(r.kinds_missing, 0) > 0 or coalesce(p.opened_at < r.first_at, false) as has_gap,
    coalesce(r.complete_through >= minutes_after(p.opened_at, s.settle_minutes), not r.is_needed, false) as is_complete
  from people p
  cross join settings s
  left join issued e on e.session_id = p.session_id and e.place = 1
  left join windows w on w.session_id = p.session_id
  left join address_counts a on a.session_id = p.session_id
  left join known_correlations k on k.session_id = p.session_id
  left join cor_readiness r on r.tenant_id = coalesce(p.tenant_id, p.provider_tenant_id) and r.need = p.need
),

-- For those without a sign-in: the latest earlier one of that identity, for that audience.
earlier as (
  select
    g.session_id,
    max_by(s.sign_in_id, row(s.created_at, s.sign_in_id)) as sign_in_id, max(s.created_at) as created_at
  from graded g
  inner join cor_sign_ins s
    on s.tenant_id = g.tenant_id and s.object_id = g.object_id and s.is_success and s.created_at < g.opened_at
    and (g.app_id is null or s.app_id = g.app_id or s.resource_id = g.app_id)
  where g.grade = 'none' and g.is_ours and not g.names_issuance
  group by g.session_id
)

select
  g.session_id, g.method, g.tenant_id, g.object_id, coalesce(g.confidence, 'none') as confidence,
  case when g.object_id is null then 'unknown' else g.kind end as kind,
  g.grade, g.sign_in_id, g.tag_token_id as token_id, g.tag_correlation_id as correlation_id,
  case
    when g.issuer is not null and g.provider_tenant_id is null then null
    when g.is_unsigned and g.object_id is null then null
    when not g.is_ours and g.provider_tenant_id is not null then 'tenant_not_ingested'
    when not g.is_ours and g.is_unsigned then 'tenant_not_ingested'
    when g.grade = 'exact' then case when g.is_exact_too_old then 'sign_in_too_old' end
    when g.grade = 'window' then null
    when g.grade = 'ambiguous' and g.object_id is not null then 'ambiguous_sign_in'
    when g.provider_tenant_id is null and not g.is_unsigned then 'subject_unmapped'
    when g.has_gap then 'source_gap'
    when not g.is_complete then 'sign_in_not_yet_due'
    when g.object_id is not null and e.session_id is not null then 'sign_in_too_old'
    when g.object_id is not null or g.names_issuance then 'sign_in_absent'
    when g.grade = 'ambiguous' then 'ambiguous_sign_in'
    else 'subject_unmapped'
  end as reason,
  c.conflicts,
  e.sign_in_id as earlier_sign_in_id, e.created_at as earlier_created_at
from graded g
left join conflicts c on c.session_id = g.session_id
left join earlier e on e.session_id = g.session_id
