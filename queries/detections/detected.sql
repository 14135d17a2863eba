/*---
id: detected
title: What the detections of this run find
description: |
  Two temporary tables: `detecting`, the detections that run, each with what a finding takes from its file and the
  configuration; `detected`, the rows that they give. Empty where the statement ends. A row without what every finding has is
  refused as it comes in, so that the fault is that detection's.
---*/
create or replace temp table detecting (
  detection varchar not null, severity varchar not null, controls varchar[] not null, query_sha256 varchar not null
);
create or replace temp table detected (
  detection varchar not null,
  subject_kind varchar not null, subject_id varchar not null, occurred_at timestamptz not null, summary varchar not null, dedup_key varchar not null,
  reason varchar,
  evidence struct(source varchar, owner_id varchar, record_id varchar, record_at timestamptz)[],
  is_provisional boolean
);
