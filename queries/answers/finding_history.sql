/*---
id: finding_history
title: Everything that happened to a finding
description: |
  What runs saw change, what people decided, and the messages that told of it, oldest first. Reads the temporary tables of
  queries/life.
params:
  finding_id: { type: text, description: "The finding's id, whole" }
---*/
with changes as (
  select "at", 1 as rank, seq, 'change' as kind, status as what, cause as detail, cast(null as varchar) as "by", cast(null as varchar) as reason, cast(null as timestamptz) as until_at
  from life_changes
  where finding_id = $finding_id
),

decisions as (
  select "at", 2 as rank, seq, 'decision' as kind, decision as what, assignee as detail, "by", reason, until_at
  from life_decisions
  where finding_id = $finding_id
),

messages as (
  select coalesce(sent_at, last_at, planned_at) as "at", 3 as rank, row_number() over (order by planned_at, alert_key) as seq, 'message' as kind, notice as what, state as detail, channel as "by",
    message as reason, retry_at as until_at
  from life_messages
  where list_contains(finding_ids, $finding_id)
),

everything as (
  select "at", rank, seq, kind, what, detail, "by", reason, until_at from changes
  union all select "at", rank, seq, kind, what, detail, "by", reason, until_at from decisions
  union all select "at", rank, seq, kind, what, detail, "by", reason, until_at from messages
)

select "at", kind, what, detail, "by", reason, until_at
from everything
order by "at", rank, seq
