/*---
id: alert_undeliverable
title: A message could not be delivered and was given up
description: |
  A message to a channel whose last attempt failed for good. Its findings were not told there. It stays until somebody resolves
  it: that the channel works again does not tell what was lost.
  Not seen: a message that the service took and nobody read.
severity: high
sources: [landing]
controls: [soc2:CC7.3, iso27001:A.5.24, iso27001:A.8.16]
false_positives: |
  A channel that was shut down on purpose and still stands in a route.
runbook: |
  1. Run `whoran alerts test` for the channel, and repair what it names: an expired webhook, a changed key, a removed room.
  2. Read what was not told with `whoran findings`, and tell it to whom it concerns.
  3. Resolve this finding with the reason.
---*/
with dead as (
  select alert_key, channel, notice, given_up_at, attempts, message, findings, line
  from stg_dead_alerts
)
select
  'channel' as subject_kind,
  channel as subject_id,
  given_up_at as occurred_at,
  'A message (' || notice || ', ' || cast(findings as varchar) || ' findings) to channel ' || channel || ' was given up after attempt '
    || cast(attempts as varchar) || ': ' || message as summary,
  'alert_undeliverable/' || alert_key as dedup_key,
  cast(null as varchar) as reason,
  array[row('landing', '', 'alerts.jsonl:' || cast(line as varchar), given_up_at)] as evidence,
  false as is_provisional
from dead
order by occurred_at, dedup_key
