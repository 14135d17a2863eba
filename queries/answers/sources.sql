/*---
id: sources
title: How far each source is landed
description: One row a source; sign-ins by tenant and kind.
---*/
with sources as (select * from stg_sources)

select source, tenant_id, sign_in_kind, first_at, complete_through, records
from sources
order by source, tenant_id nulls first, sign_in_kind nulls first
