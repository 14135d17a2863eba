/*---
id: plan_tables
title: What the configuration says about telling
description: Temporary tables that each plan fills anew from the configuration and the clock.
---*/
create or replace temp table plan_channels (channel varchar, notices varchar[]);
-- One row a route and channel, in the order of the file. group_by: as in the configuration.
create or replace temp table plan_routes (route integer, channel varchar, min_rank integer, group_by varchar[], repeat_hours integer);
-- What a route names, by kind: detection | account | team. A kind without rows is not asked about.
create or replace temp table plan_route_scopes (route integer, kind varchar, name varchar);
-- Maintenance that is going on. kind: account | cluster | detection; a window without rows is about everything.
create or replace temp table plan_windows (place integer, until_at timestamptz, owner varchar, reason varchar);
create or replace temp table plan_window_scopes (place integer, kind varchar, name varchar);
-- Whose absence a detection finds: its header's absence_of.
create or replace temp table plan_absences (detection varchar, record_source varchar);
