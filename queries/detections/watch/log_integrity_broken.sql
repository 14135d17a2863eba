/*---
id: log_integrity_broken
title: What was landed, or what CloudTrail delivered, has been altered
description: |
  A line of landing's logs (ledger, pulls, runs, journal, alerts, removals) that doesn't follow from the one before, logs that contradict
  each other (a ledger cut back behind its pulls, a log that is not as it was when a report was filed), or a landed batch that is
  gone or of another length than the ledger says. Checked in each run; of each log the first twenty faults are named.
  And by CloudTrail's digests (log file integrity validation): a digest that is altered, wrongly signed or not where it belongs, a log
  file whose hash is another than a valid digest says, and digests and log files that were not in the bucket when a live source looked.
  Not seen: bytes of a batch changed at the same length, where no digest names them (`whoran doctor` hashes all of them);
  lines cut off a log's end, or a log rewritten whole with its chain, where no other log speaks of them (a bundle or an export shows it); log files that no digest names, digests without a key or
  signature, and gaps, which `whoran digests` lists and which are no sign of tampering by themselves. Where the ledger's last line is
  damaged, no run begins at all, and `run` says so and exits with a failure.
severity: critical
sources: [landing]
controls: [soc2:CC7.2, soc2:PI1.4, iso27001:A.5.28, iso27001:A.5.33, iso27001:A.8.15]
false_positives: |
  A disk that failed. A backup that was restored in part, or one that is older than the newest pulls. Somebody who edited a log by hand. A lifecycle rule that removes digests or log
  files before they are pulled. A list of public keys from somebody's file that is not CloudTrail's.
runbook: |
  1. Keep the data folder as it is: copy it before anything else, and note who can write to it, and to the trail's bucket.
  2. Compare the named file with the newest backup from before, or with the bucket's older versions, and find what was changed.
  3. Where landing was changed: restore landing/ from that backup, and run `whoran rebuild`. `whoran digests` shows what still stands.
  4. Find out who or what changed it (data events of the bucket, if there are any); treat it as tampering with evidence until you know.
---*/
with faults as (
  select file, line, message, found_at
  from stg_integrity_faults
),

digest_faults as (
  select check_kind, state, reason, account_id, aws_region, trail_name, object, to_at, digest_batch_seq, batch_seq
  from stg_digest_checks
  where is_fault
),

-- Several copies of one object may be at fault in one way.
digest_objects as (
  select
    check_kind, state, reason, object, max(to_at) as found_at, max(account_id) as account_id, max(aws_region) as aws_region,
    max(trail_name) as trail_name, min(coalesce(batch_seq, digest_batch_seq)) as line
  from digest_faults
  group by check_kind, state, reason, object
)

select
  'source' as subject_kind,
  'landing/' || file as subject_id,
  found_at as occurred_at,
  'landing/' || file || ', line ' || cast(line as varchar) || ': ' || message as summary,
  'log_integrity_broken/' || file || '/' || cast(line as varchar) as dedup_key,
  cast(null as varchar) as reason,
  array[row('landing', '', file || ':' || cast(line as varchar), found_at)] as evidence,
  false as is_provisional
from faults
union all
select
  'source' as subject_kind,
  coalesce('trail/' || account_id || '/' || aws_region || '/' || coalesce(trail_name, '?'), 'trail/?') as subject_id,
  coalesce(found_at, timestamp with time zone '1970-01-01 00:00:00+00') as occurred_at,
  case check_kind when 'digest' then 'Digest ' else 'Log file ' end || object || ' '
  || case reason
    when 'signature_wrong' then 'has a wrong signature'
    when 'hash_differs' then 'has another hash than a signed digest says'
    when 'moved' then 'does not lie where it says that it does'
    when 'not_there_when_looked' then 'was not in the bucket, though a digest names it'
    when 'trailing_bytes' then 'has bytes behind its gzip data'
    when 'not_unpacked' then 'cannot be unpacked'
    when 'not_a_digest' then 'holds no digest'
    when 'landing_altered' then 'was changed after it was landed'
    else 'is at fault: ' || reason
  end as summary,
  'log_integrity_broken/' || check_kind || '/' || reason || '/' || object as dedup_key,
  cast(null as varchar) as reason,
  array[row('landing', '', 'ledger.jsonl:' || cast(line as varchar), coalesce(found_at, timestamp with time zone '1970-01-01 00:00:00+00'))]
    as evidence,
  false as is_provisional
from digest_objects
order by occurred_at, dedup_key
