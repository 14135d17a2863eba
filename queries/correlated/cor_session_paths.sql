/*---
id: cor_session_paths
title: From each session back to its root
description: |
  Walks the hops before, at most 10 deep, so that a cycle is cut. `confidence_rank` is the weakest hop: 3 proved,
  2 asserted, 1 inferred. `source_identity_session_id` is the nearest session, from here back, on which a source identity
  was first set by a plain AssumeRole (RULINGS 14). root_session_id is null where the walk was cut.
scope: scope_sessions
---*/
with recursive walk as (
  select
    scope.session_id, scope.session_id as at_session_id, 0 as depth, 3 as confidence_rank,
    false as is_configured, false as has_session_token
  from scope_sessions scope
  union all
  select
    w.session_id, n.upstream_session_id as at_session_id, w.depth + 1 as depth,
    least(w.confidence_rank, case n.upstream_confidence when 'proved' then 3 when 'asserted' then 2 else 1 end) as confidence_rank,
    w.is_configured or n.upstream_is_configured as is_configured,
    w.has_session_token or n.session_kind = 'session_token' as has_session_token
  from walk w
  inner join cor_session_nodes n on n.session_id = w.at_session_id
  where n.upstream_session_id is not null and w.depth < 10
),

stops as (
  select
    w.session_id, w.at_session_id, w.depth, w.confidence_rank, w.is_configured, w.has_session_token,
    n.session_id is not null and n.upstream_session_id is null as is_root,
    n.session_kind = 'role' and n.source_identity is not null and n.caller_source_identity is null
      and parent.source_identity is null as sets_source_identity
  from walk w
  left join cor_session_nodes n on n.session_id = w.at_session_id
  left join cor_session_nodes parent on parent.session_id = n.upstream_session_id
)

select
  session_id,
  max(at_session_id) filter (where is_root) as root_session_id,
  max(depth) as depth,
  min(confidence_rank) as confidence_rank,
  bool_or(is_configured) as is_configured,
  bool_or(has_session_token) as has_session_token,
  min_by(at_session_id, depth) filter (where sets_source_identity) as source_identity_session_id,
  min_by(confidence_rank, depth) filter (where sets_source_identity) as source_identity_rank
from stops
group by session_id
