/*---
id: scope_sign_ins
title: Sign-ins with a new row
description: What to compute again because of new batches. With $since = -1 that is everything.
params: { since: { type: integer } }
---*/
select distinct tenant_id, sign_in_id from stg_sign_ins where batch_seq > $since
