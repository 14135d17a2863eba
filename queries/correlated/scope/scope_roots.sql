/*---
id: scope_roots
title: The roots of the sessions in scope, and the sessions on which a source identity was first set
description: Whose tokens and names have to be looked at.
---*/
select root_session_id as session_id from cor_session_paths where root_session_id is not null
union
select source_identity_session_id from cor_session_paths where source_identity_session_id is not null
