/*---
id: plan_tables
title: What the configuration says about telling
description: Temporary tables that each plan fills anew from the configuration and the clock.
---*/
create or replace temp table plan_channels (channel varchar, notices varchar[]);
-- One row a route and channel, in the order of the file. group_by: as in the configuration.
create or replace temp table plan_routes (route integer, channel varchar, min_rank integer, group_by varchar[], repeat_hours integer);
-- Maintenance that is going on; a window without scopes is about everything.
create or replace temp table plan_windows (place integer, until_at timestamptz, owner varchar, reason varchar);
-- What a route or window names. scope_of: route | window; kind: detection | account | team | cluster. A kind without rows is not asked about.
create or replace temp table plan_scopes (scope_of varchar, place integer, kind varchar, name varchar);
-- Whose absence a detection finds: its header's absence_of.
create or replace temp table plan_absences (detection varchar, record_source varchar);
