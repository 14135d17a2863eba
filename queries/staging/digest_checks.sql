/*---
id: digest_checks
title: The result of validating digests
description: |
  Fills stg_digest_checks anew from what was found of digests, chains and log files.
---*/
delete from stg_digest_checks;

insert into stg_digest_checks by name
select
  'digest' as check_kind, state, reason, account_id, aws_region, trail_name, home_region, is_backfill,
  case when bucket is null then origin else 's3://' || bucket || '/' || object_key end as object,
  start_at as from_at, end_at as to_at, batch_seq, member, batch_seq as digest_batch_seq, member as digest_member,
  state = 'invalid' as is_fault
from digest_states
where not is_copy or state = 'invalid';

insert into stg_digest_checks by name
select
  'digest' as check_kind, state,
  case state when 'deleted' then 'not_there_when_looked' when 'missing' then 'not_landed' else 'before_what_is_landed' end as reason,
  account_id, aws_region, trail_name, home_region, is_backfill, 's3://' || bucket || '/' || object_key as object,
  cast(null as timestamptz) as from_at, end_at as to_at, cast(null as integer) as batch_seq, cast(null as integer) as member,
  digest_batch_seq, digest_member, state = 'deleted' as is_fault
from digest_missing;

insert into stg_digest_checks by name
select
  'gap' as check_kind, 'gap' as state, reason, account_id, aws_region, trail_name, home_region, is_backfill,
  account_id || '/' || aws_region || '/' || trail_name as object, from_at, to_at,
  cast(null as integer) as batch_seq, cast(null as integer) as member, digest_batch_seq, digest_member, false as is_fault
from digest_gaps;

insert into stg_digest_checks by name
select
  'log' as check_kind, state, reason, account_id, aws_region, trail_name, home_region, is_backfill, origin as object,
  delivered_at as from_at, delivered_at as to_at, batch_seq, member, digest_batch_seq, digest_member, state = 'altered' as is_fault
from digest_log_states;

insert into stg_digest_checks by name
select
  'log' as check_kind, state, case state when 'deleted' then 'not_there_when_looked' else 'not_landed' end as reason,
  account_id, aws_region, trail_name, home_region, is_backfill, 's3://' || bucket || '/' || object_key as object,
  delivered_at as from_at, delivered_at as to_at, cast(null as integer) as batch_seq, cast(null as integer) as member,
  digest_batch_seq, digest_member, state = 'deleted' as is_fault
from digest_log_missing;

drop table digest_states;
drop table digest_missing;
drop table digest_gaps;
drop table digest_log_states;
drop table digest_log_missing
