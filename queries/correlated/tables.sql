/*---
id: tables
title: The correlated tables
description: |
  What correlation fills and every answer, finding and report reads: one wide row a session, one a task, and what leads
  to them. A call is joined to its session when it is read: `stg_events.caller_key` → `cor_callers.session_id` →
  `cor_sessions`. Names of people are not kept here: they come from `cor_identities` when a row is read.
---*/

-- The current version of each sign-in (RULINGS 19). Key: (tenant_id, sign_in_id). Columns as in stg_sign_ins.
create table if not exists cor_sign_ins as select * from stg_sign_ins limit 0;

-- Everybody and everything that Entra's rows name. Key: (tenant_id, object_id).
create table if not exists cor_identities (
  tenant_id varchar not null, object_id varchar not null,
  kind varchar not null,           -- person | workload | agent (RULINGS 5); the registry's kind wins
  sign_in_kind varchar,            -- workloads: the kind in which it is known; null when both or neither
  name varchar,                    -- for show only: the latest display name, else user principal name
  user_principal_name varchar,     -- the latest
  first_seen_at timestamptz, last_seen_at timestamptz
);

-- Which user principal name an identity had when: runs of rows that carry the same one. Names in lower case.
create table if not exists cor_identity_names (
  tenant_id varchar not null, object_id varchar not null, user_principal_name varchar not null,
  valid_from timestamptz not null, valid_to timestamptz   -- null: until now
);

-- Every caller that a landed record shows. Key: caller_key (stg_events).
create table if not exists cor_callers (
  caller_key varchar not null,
  session_id varchar not null,     -- of cor_sessions: the key itself, or the one session with that principalId and creationDate
  session_method varchar not null, -- access_key | principal_and_creation, by the form of caller_key
  account_id varchar, identity_type varchar, principal_id varchar, principal_arn varchar, identity_user_name varchar,
  session_created_at timestamptz, session_issuer_arn varchar, invoked_by varchar, source_identity varchar,
  first_used_at timestamptz not null, last_used_at timestamptz not null, calls bigint not null
);

-- One row a session, and one for each caller that is none (an IAM user's key, root, an AWS service, a denied token, a key
-- that no landed record issues). Key: session_id = access key id, or the caller_key.
create table if not exists cor_sessions (
  session_id varchar not null,
  session_kind varchar not null,   -- web_identity | saml | role | service_role | task_role | federation_token | session_token
                                   -- | denied_token | access_key | principal | aws_service | unknown
  is_issued boolean not null,      -- a landed record issues it
  account_id varchar,              -- the role's account
  opened_at timestamptz,           -- eventTime of the record that issues it; else the earliest use
  expires_at timestamptz,
  opened_by_account_id varchar, opened_by_event_id varchar, opened_via varchar,   -- the STS record (stg_events key) and its event name
  other_half_account_id varchar, other_half_event_id varchar,                     -- the other half of a cross-account pair
  role_arn varchar, role_session_name varchar, session_arn varchar, issued_principal_id varchar,
  source_ip varchar, user_agent varchar, source_identity varchar,
  -- the hop before (null at a root)
  upstream_session_id varchar, upstream_caller_key varchar,
  upstream_task_key varchar,       -- the task whose role session this is
  upstream_method varchar,         -- role_chain | role_chain_by_principal | principal_and_creation | task_session_name
  upstream_confidence varchar,
  root_session_id varchar, depth integer,
  -- the token, on web identity and SAML roots; handed down to descendants
  provider varchar, issuer varchar, tenant_id varchar,   -- tenant of an Entra issuer
  audience varchar, is_audience_checked boolean, subject varchar,
  token_id varchar, correlation_id varchar,              -- from signed tags (or a session name), root only
  -- who, how sure, and which token issuance
  who_kind varchar not null,       -- person | workload | agent | iam_user | root | aws_service | unknown
  who_tenant_id varchar, who_object_id varchar, who_issuer varchar, who_subject varchar,
  who_name varchar,                -- IAM user's name or service principal; Entra names: cor_identities
  identity_method varchar,         -- ATTRIBUTION 3, or issuer_subject | iam_user | root | aws_service | compute_role
  identity_confidence varchar not null,   -- of the method alone: proved | asserted | inferred | none
  identity_session_id varchar,     -- the session on which the identity was set (the root, or where a source identity was first set)
  confidence varchar not null,     -- weakest hop from this session to the identity: proved | asserted | inferred | none
  how varchar not null,            -- ran | configured
  sign_in_grade varchar not null,  -- exact | window | ambiguous | none
  sign_in_id varchar,
  reason varchar,                  -- ATTRIBUTION 4
  is_provisional boolean not null, -- may change by itself once sources are complete
  is_traced boolean not null,
  conflicts varchar[]              -- 'method:object_id' of every method that applies, where they name different identities; else null
);

-- Sign-ins that were considered for a root session and not picked. why_not: a word of ours, for example
-- 'older than the token lifetime', 'one of several that fit', 'another row of the same correlation id'.
create table if not exists cor_sign_in_candidates (
  session_id varchar not null, tenant_id varchar, sign_in_id varchar not null, "at" timestamptz not null, why_not varchar not null
);
-- Sessions that might be the origin of a caller without a key, where more than one fits.
create table if not exists cor_session_candidates (
  caller_key varchar not null, session_id varchar not null, "at" timestamptz not null, why_not varchar not null
);

-- One row a task. Key: task_key = '<account_id>/<task id without dashes>'.
create table if not exists cor_task_launchers (
  task_key varchar not null, account_id varchar not null,
  task_arn varchar,                -- null: known only by its role session (shown as its bare id, RULINGS 7)
  cluster_name varchar, aws_region varchar, task_definition_arn varchar,
  started_by varchar, task_group varchar,
  task_at timestamptz not null,    -- when it came to be: createdAt, else the launch call, else its first role session
  started_at timestamptz, stopped_at timestamptz, last_status varchar,
  how varchar,                     -- ran | configured | null (no launcher known)
  method varchar,                  -- run_task | service_deployment | scheduler
  confidence varchar not null,     -- of this hop: proved | inferred | none
  launch_account_id varchar, launch_event_id varchar, launch_caller_key varchar,               -- the landed RunTask/StartTask
  configurer_account_id varchar, configurer_event_id varchar, configurer_caller_key varchar,   -- who configured, where AWS launched
  launcher_caller_key varchar,     -- the caller that the task leads back to: the configurer's where there is one, else the launch's
  reason varchar,                  -- launcher_missing | configurer_missing
  is_provisional boolean not null
);
create table if not exists cor_configurer_candidates (
  task_key varchar not null, account_id varchar not null, event_id varchar not null, "at" timestamptz not null,
  kind varchar not null, name varchar not null, why_not varchar not null
);

-- How far correlation has come: the newest batch, and a fingerprint of the configuration and the queries.
create table if not exists cor_state (correlated_through integer not null, fingerprint varchar not null);
-- The sources as they stood then.
create table if not exists cor_sources_seen as select * from stg_sources limit 0;

-- Sessions as STS opened them, before anybody asks who: see cor_sessions_opened.sql. Key: session_id.
create table if not exists cor_sessions_opened (
  session_id varchar not null, session_kind varchar not null, is_issued boolean not null, account_id varchar,
  opened_at timestamptz not null, expires_at timestamptz,
  opened_by_account_id varchar not null, opened_by_event_id varchar not null, opened_via varchar not null,
  other_half_account_id varchar, other_half_event_id varchar,
  role_arn varchar, role_session_name varchar, session_arn varchar, issued_principal_id varchar, source_ip varchar,
  user_agent varchar, source_identity varchar, caller_identity_type varchar, caller_principal_id varchar,
  caller_principal_arn varchar, invoked_by varchar, caller_key varchar not null, caller_source_identity varchar,
  provider varchar, saml_issuer varchar, audience varchar, subject varchar, principal_tags map(varchar, varchar),
  error_code varchar,
  task_key varchar                 -- of a task role's session
);

-- Every session and other caller with the hop before it: see cor_session_nodes.sql. Key: session_id.
create table if not exists cor_session_nodes (
  session_id varchar not null, session_kind varchar not null, is_issued boolean not null, account_id varchar,
  opened_at timestamptz, expires_at timestamptz,
  opened_by_account_id varchar, opened_by_event_id varchar, opened_via varchar,
  other_half_account_id varchar, other_half_event_id varchar,
  role_arn varchar, role_session_name varchar, session_arn varchar, issued_principal_id varchar, source_ip varchar,
  user_agent varchar, source_identity varchar, caller_source_identity varchar, invoked_by varchar,
  provider varchar, saml_issuer varchar, audience varchar, subject varchar, principal_tags map(varchar, varchar),
  identity_type varchar, principal_arn varchar, identity_user_name varchar, session_issuer_arn varchar,
  upstream_task_key varchar, upstream_caller_key varchar, upstream_session_id varchar, upstream_method varchar,
  upstream_confidence varchar, upstream_is_configured boolean not null,
  end_reason varchar,              -- why the chain ends here, where it does
  end_is_provisional boolean not null
);

-- Every identity that a token or name in scope of correlation claims: see cor_session_claims.sql.
create table if not exists cor_session_claims (
  session_id varchar not null, tenant_id varchar not null, object_id varchar not null, opened_at timestamptz not null
);

-- From where each caller called by itself: not what AWS services did on its behalf, and not calls whose address is no address.
-- Key: (caller_key, source_ip, agent_family).
create table if not exists cor_caller_addresses (
  caller_key varchar not null, source_ip varchar not null,
  agent_family varchar not null,   -- the user agent's first product: 'aws-cli', 'Boto3', 'Mozilla'; empty where there is none
  first_used_at timestamptz not null, last_used_at timestamptz not null, calls bigint not null
);

-- Every address that opened a session or made a call. Key: address, as the records write it.
create table if not exists cor_addresses (
  address varchar not null,
  address_key varchar,             -- 32 hex digits; null for what is no address
  is_known_egress boolean not null, is_aws_service boolean not null,
  is_private boolean not null      -- RFC 1918, RFC 6598, loopback, link-local, fc00::/7: says nothing of where
);

-- When identities were disabled, deleted or revoked: see cor_identity_ends.sql. Key: (tenant_id, object_id, audit_id).
create table if not exists cor_identity_ends (
  tenant_id varchar not null, object_id varchar not null,
  kind varchar not null,           -- disabled | deleted | revoked | reset (a password, which revokes too)
  ended_at timestamptz not null, audit_id varchar not null,
  until_at timestamptz             -- enabled again
);

-- Whole snapshots of the groups that the configuration maps to roles: see cor_group_snapshots.sql. Key: (tenant_id, group_id, snapshot_at).
create table if not exists cor_group_snapshots (
  tenant_id varchar not null, group_id varchar not null,
  snapshot_at timestamptz not null, read_at timestamptz not null,   -- it says how the group was at some time between the two
  next_read_at timestamptz,        -- of the group's next whole snapshot; null for the latest
  previous_snapshot_at timestamptz -- of the one before; null for the first
);

-- Who was added to a group or removed from it, by Entra's directory audit: see cor_group_changes.sql.
-- Key: (tenant_id, group_id, object_id, audit_id).
create table if not exists cor_group_changes (
  tenant_id varchar not null, group_id varchar not null, object_id varchar not null,
  kind varchar not null,           -- added | removed
  changed_at timestamptz not null, audit_id varchar not null
);
