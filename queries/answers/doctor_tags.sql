/*---
id: doctor_tags
title: Session tags that Entra's tokens carry
description: Each principal tag on web identity and SAML sessions of an Entra issuer, in lower case, and on how many of them.
---*/
with sessions as (select * from cor_sessions),

nodes as (select * from cor_session_nodes),

tags as (
  select s.session_id, s.opened_at, unnest(map_keys(n.principal_tags)) as tag
  from sessions s
  inner join nodes n on n.session_id = s.session_id
  where s.session_kind in ('web_identity', 'saml') and s.tenant_id is not null
)

select tag, count(*) as sessions, max(opened_at) as last_seen_at
from tags
group by tag
order by sessions desc, tag
