/*---
id: configuration
title: The configuration as tables
description: What whoran.yaml says about attribution, so that a query needs no parameters. Written before each correlation.
---*/
create table if not exists cfg_settings (
  tag_oid varchar not null, tag_uti varchar not null, tag_correlation_id varchar not null,   -- in lower case
  token_lifetime_minutes integer not null, managed_identity_lifetime_minutes integer not null, settle_minutes integer not null
);
create table if not exists cfg_tenants (tenant_id varchar not null);
create table if not exists cfg_audiences (audience varchar not null, app_id varchar not null);
create table if not exists cfg_saml_apps (provider varchar not null, app_id varchar not null);
-- A role session name pattern: fixed text around one of 'oid.uti', 'oid', 'upn'.
create table if not exists cfg_session_names (prefix varchar not null, shape varchar not null, suffix varchar not null);
create table if not exists cfg_unused_sign_in_kinds (sign_in_kind varchar not null);
create table if not exists cfg_expected (kind varchar not null, name varchar not null);
-- Exceptions of detections: what is named must fit, null means any.
create table if not exists cfg_exceptions (
  detection varchar not null, subject_id varchar, object_id varchar, role_arn varchar, account_id varchar, cluster_name varchar,
  owner varchar not null, reason varchar not null, expires_at timestamptz not null
);
-- Teams in the order of the file: one row each thing that one names. kind: account | cluster | role.
create table if not exists cfg_teams (place integer not null, team varchar not null, kind varchar not null, name varchar not null);
-- By when somebody should have decided about a finding: so many days of 24 hours after it.
create table if not exists cfg_due_days (severity varchar not null, days integer not null);
-- Our own network, as CIDR.
create table if not exists cfg_egress_ranges (range varchar not null);
-- Who may hold a role: one row a role and group. `is_beginning`: the role's ARN begins so (a `*` stood at its end).
create table if not exists cfg_role_groups (role_arn varchar not null, is_beginning boolean not null, group_id varchar not null);
