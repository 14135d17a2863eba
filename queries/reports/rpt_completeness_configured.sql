/*---
id: rpt_completeness_configured
title: What the configuration expects, and whether it was heard of
description: |
  Accounts, Regions and clusters under `expected`, each tenant with each kind of sign-in that it is not said not to use, and each stream of each live
  source. Of what is neither configured nor delivered nothing can be known: where nothing is expected, the row says so.
params: { from: timestamptz, to: timestamptz }
controls: [soc2:PI1.4, soc2:CC2.1, iso27001:A.8.15]
---*/
with expected as (select kind, name from cfg_expected),

tenants as (select tenant_id from cfg_tenants),

unused as (select sign_in_kind from cfg_unused_sign_in_kinds),

watched as (select source, stream, last_delivered_at from stg_source_watch),

heard as (
  select 'account' as kind, account_id as name, event_at as heard_at from stg_events
  union all
  select 'region', aws_region, event_at from stg_events
  union all
  select 'cluster', cluster_name, task_at from cor_task_launchers
  union all
  select 'cluster', cluster_name, event_at from stg_ecs_actions
  union all
  select 'tenant', tenant_id || ' ' || sign_in_kind, created_at from cor_sign_ins
),

last_heard as (
  select
    kind, name, max(heard_at) as last_heard_at, count(*) filter (where heard_at >= $from and heard_at < $to) as records
  from heard
  where name is not null
  group by kind, name
),

kinds as (
  select sign_in_kind
  from (values ('interactive_user'), ('non_interactive_user'), ('service_principal'), ('managed_identity')) as k (sign_in_kind)
),

wanted as (
  select kind, name from expected
  union all
  select 'tenant', t.tenant_id || ' ' || k.sign_in_kind
  from tenants t
  cross join kinds k
  where k.sign_in_kind not in (select sign_in_kind from unused)
),

nothing_wanted as (
  select kind
  from (values ('account'), ('region'), ('cluster'), ('tenant')) as k (kind)
  where kind not in (select kind from wanted)
),

stated as (
  select
    w.kind as what, w.name, h.last_heard_at, coalesce(h.records, 0) as records,
    case
      when h.last_heard_at is null then 'never delivered'
      when h.records = 0 then 'nothing in the period'
      else 'delivered'
    end as note,
    case when coalesce(h.records, 0) = 0 then 'incomplete here' else 'complete' end as verdict
  from wanted w
  left join last_heard h on h.kind = w.kind and h.name = w.name
  union all
  select
    'stream of a live source', source || ' ' || stream, last_delivered_at, null,
    case when last_delivered_at is null then 'never delivered' else 'delivered' end,
    case when last_delivered_at is null then 'incomplete here' else 'complete' end
  from watched
  union all
  select kind, '', null, null, 'none is configured: that one is left out would not be seen', 'cannot be known here'
  from nothing_wanted
)

select what, name, verdict, note, cast(records as bigint) as records, last_heard_at
from stated
order by case verdict when 'incomplete here' then 1 when 'cannot be known here' then 2 else 3 end, what, name
