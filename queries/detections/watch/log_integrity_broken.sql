/*---
id: log_integrity_broken
title: What was landed has been altered
description: |
  A line of landing's logs (ledger, pulls, runs, journal, alerts) that doesn't follow from the one before, or a landed batch that is
  gone or of another length than the ledger says. Checked in each run; of each log the first twenty faults are named.
  Not seen: bytes of a batch changed at the same length (their SHA-256 is compared whenever they are read); lines cut
  off a log's end, or a log rewritten whole with its chain; CloudTrail's own digest files, which are not validated yet. Where the
  ledger's last line is damaged, no run begins at all, and `run` says so and exits with a failure.
severity: critical
sources: [landing]
controls: [soc2:CC7.2, soc2:PI1.4, iso27001:A.5.28, iso27001:A.5.33, iso27001:A.8.15]
false_positives: |
  A disk that failed. A backup that was restored in part. Somebody who edited a log by hand.
runbook: |
  1. Keep the data folder as it is: copy it before anything else, and note who can write to it.
  2. Compare the named file with the newest backup from before, and find what was changed.
  3. Restore landing/ from that backup, and run `whoran rebuild`.
  4. Find out who or what changed it; treat it as tampering with evidence until you know.
---*/
with faults as (
  select file, line, message, found_at
  from stg_integrity_faults
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
order by occurred_at, dedup_key
