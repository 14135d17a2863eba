/*---
id: stage_flush
title: The run's calls, into the state
description: Moves what `cloudtrail_keep` gathered into the staged tables.
---*/
insert into stg_sts_requests select * from stage_sts_requests;
insert into stg_ecs_actions select * from stage_ecs_actions;
insert into stg_ssm_sessions select * from stage_ssm_sessions;
insert into stg_task_launches select * from stage_task_launches;
insert into stg_configurers select * from stage_configurers;
delete from stage_sts_requests;
delete from stage_ecs_actions;
delete from stage_ssm_sessions;
delete from stage_task_launches;
delete from stage_configurers;
