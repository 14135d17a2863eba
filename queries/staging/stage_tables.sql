/*---
id: stage_tables
title: What one run of staging keeps for itself
description: Temporary tables of the writer's connection; they end with the run.
---*/

-- Events on their way to Parquet.
create or replace temp table stage_events as select * from stg_events_new limit 0;

-- Further copies of records; added to stg_event_copies at the end of the run.
create or replace temp table stage_copies as select * from stg_event_copies limit 0;

-- Calls that correlation reads, until they are moved into the state: one commit for all of them.
create or replace temp table stage_sts_requests as select * from stg_sts_requests limit 0;
create or replace temp table stage_ecs_actions as select * from stg_ecs_actions limit 0;
create or replace temp table stage_ssm_sessions as select * from stg_ssm_sessions limit 0;
create or replace temp table stage_task_launches as select * from stg_task_launches limit 0;
create or replace temp table stage_configurers as select * from stg_configurers limit 0;

-- Batch members of this run, and what was counted in each.
create or replace temp table stage_members (batch_seq integer not null, member integer not null, origin varchar not null);
create or replace temp table stage_counts (
  batch_seq integer not null, member integer not null, form varchar not null,
  records_read bigint not null, records_new bigint not null, records_repeated bigint not null,
  records_rejected bigint not null, records_set_aside bigint not null
);

-- Keys whose copies differ, or that addenda amend: settled at the end of the run (settle_*.sql).
create or replace temp table stage_settle (account_id varchar not null, event_id varchar not null);

-- How far CloudTrail records reach.
create or replace temp table stage_reach (first_at timestamptz, last_at timestamptz);

-- Records of the chunk at hand that are known already.
create or replace temp table dedupe_dropped (batch_seq integer not null, member integer not null, record_number integer not null);

create or replace temp table framed (
  form varchar not null, batch_seq integer not null, member integer not null, record_number integer not null,
  record_sha256 varchar not null, envelope json, record json, retrieved_at timestamptz
);
