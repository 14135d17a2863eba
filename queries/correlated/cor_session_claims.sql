/*---
id: cor_session_claims
title: Whom a token or a name has ever claimed
description: Kept so that a late sign-in of somebody finds the sessions that it may answer.
---*/
select distinct session_id, tenant_id, object_id, opened_at from cor_identity_claims
