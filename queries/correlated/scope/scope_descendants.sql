/*---
id: scope_descendants
title: Sessions that lead back to a session in scope
description: As deep as a chain is followed (10 hops); a cycle ends the walk.
---*/
with recursive walk as (
  select session_id, 0 as depth from scope_sessions
  union
  select n.session_id, w.depth + 1 as depth
  from walk w
  inner join cor_session_nodes n on n.upstream_session_id = w.session_id
  where w.depth < 10
)

select distinct session_id from walk
