/*---
id: tables
title: The findings
description: |
  What the detections found in the records landed so far. A projection like all of the database: computed anew from the
  correlated tables each time, so a condition that no longer holds leaves no row, and a rebuild gives the same rows. What
  people decide about a finding is not kept here but in the journal, under its id.
---*/

create table if not exists findings (
  id varchar not null,             -- 32 hex digits of the SHA-256 of the detection's id, a line feed and dedup_key
  detection varchar not null,
  severity varchar not null,       -- low | medium | high | critical
  status varchar not null,         -- provisional: may still vanish when late records come; else open
  occurred_at timestamptz not null,
  subject_kind varchar not null,   -- task | event | session | identity | address | source
  subject_id varchar not null,
  summary varchar not null,
  reason varchar,                  -- ATTRIBUTION 4, where the subject's answer has one
  dedup_key varchar not null,
  controls varchar[] not null,     -- framework:criterion
  -- What shows it, in the detection's order: `source` as in stg_sources, `owner_id` the account or tenant, `record_id` the event
  -- or sign-in, `record_at` its own time where known (events are found by it).
  evidence struct(source varchar, owner_id varchar, record_id varchar, record_at timestamptz)[] not null,
  query_sha256 varchar not null    -- of the detection's file
);

-- Who and what each finding is about, for routing and exceptions: finding_facts.sql. Key: id.
create table if not exists finding_facts (
  id varchar not null,
  who_kind varchar, who_tenant_id varchar, who_object_id varchar, who_name varchar,
  session_id varchar, role_arn varchar, account_id varchar, aws_region varchar, cluster_name varchar, task_key varchar
);
