/*---
id: tables
title: The staged tables
description: |
  What staging fills and everything later reads. One row here is one fact that a source delivered, cleaned and typed:
  vendor JSON ends in this layer. `batch_seq`, `member` and `record_number` say where the record lies in landing
  (RULINGS 20); `record_sha256` is null for records of trail objects, whose hash is taken when they become evidence.
  Times are UTC instants. Ids that are empty or all zero are null. Names of columns mean the same thing everywhere.
---*/

-- CloudTrail records, one row a copy that was kept. Day-partitioned Parquet in the data folder; `stg_events` is the view
-- over the files of the published manifest, and `stg_events_new` holds what the running ingest adds.
-- Key: (account_id, event_id). `caller_key` names who called, from the record alone; never null:
--   AssumeRoleWithWebIdentity, AssumeRoleWithSAML: the issued key, else 'token:<account_id>/<event_id>' (denied)
--   a usable access key (A + 3 letters + 12 or more of [A-Z0-9], nothing masked): the key
--   Root: 'root:<account>'; IAMUser: 'user:<arn, else principal_id>'; AWSService, or no type but invokedBy: 'service:<invokedBy>'
--   principalId and creationDate: '<principal_id>@<creationDate as YYYY-MM-DDTHH:MM:SSZ>'
--   else 'other:<identity_type or ?>/<principal_id or arn or ?>'
create table if not exists stg_events_new (
  account_id varchar not null, event_id varchar not null, event_at timestamptz not null,
  event_source varchar, event_name varchar, aws_region varchar, source_ip varchar, user_agent varchar,
  error_code varchar, error_message varchar,
  is_read_only boolean,            -- readOnly; where the record has none, decided by the name (RULINGS 22)
  event_type varchar,
  identity_type varchar, principal_id varchar, principal_arn varchar, identity_account_id varchar,
  identity_user_name varchar, access_key_id varchar,   -- null where masked or unusable for a join
  invoked_by varchar, session_created_at timestamptz, session_issuer_arn varchar, source_identity varchar,
  caller_key varchar not null,
  resource varchar,                -- one resource for show: resources[0].ARN, else null
  shared_event_id varchar,
  source_rank utinyint not null,   -- RULINGS 20: 1 trail object, 2 CloudWatch Logs, 3 EventBridge, 4 LookupEvents, 5 lines;
                                   -- 9 amended: it lies where its last addendum does, and all its copies in stg_event_copies
  batch_seq integer not null, member integer not null, record_number integer, record_sha256 varchar,
  event_id_hash uinteger,          -- event_id_hash(event_id): point lookups read this column and not the ids
  content_hash ubigint             -- of everything that staging takes from the record: copies with another one are settled
);

-- Further copies of records already staged, for evidence and for --known-at.
create table if not exists stg_event_copies (
  account_id varchar not null, event_id varchar not null, event_at timestamptz,
  source_rank utinyint not null, batch_seq integer not null, member integer not null, record_number integer, record_sha256 varchar
);

-- Calls that ask STS for credentials: AssumeRole, AssumeRoleWithWebIdentity, AssumeRoleWithSAML, GetFederationToken,
-- GetSessionToken; the denied ones too (issued_key_id null). Joins to stg_events on (account_id, event_id).
create table if not exists stg_sts_requests (
  account_id varchar not null, event_id varchar not null, event_at timestamptz not null, event_name varchar not null,
  aws_region varchar, source_ip varchar, user_agent varchar, error_code varchar,
  identity_type varchar, principal_id varchar, principal_arn varchar, identity_account_id varchar, invoked_by varchar,
  caller_access_key_id varchar, caller_session_created_at timestamptz, caller_source_identity varchar,
  caller_key varchar not null,     -- as in stg_events
  issued_key_id varchar,           -- responseElements.credentials.accessKeyId, usable ones only
  expires_at timestamptz,          -- responseElements.credentials.expiration
  role_arn varchar, role_session_name varchar,
  session_arn varchar,             -- assumedRoleUser.arn, else built from role ARN and session name; federatedUser.arn
  issued_principal_id varchar,     -- assumedRoleUser.assumedRoleId; federatedUser.federatedUserId
  duration_seconds integer,
  source_identity varchar,         -- requestParameters.sourceIdentity, else responseElements.sourceIdentity
  principal_tags map(varchar, varchar),   -- requestParameters.principalTags, keys in lower case; null when none
  provider varchar,                -- responseElements.provider, else userIdentity.identityProvider (an ARN or a bare host); SAML: provider ARN
  saml_issuer varchar,             -- AssumeRoleWithSAML: responseElements.issuer
  audience varchar,                -- responseElements.audience, else cut out of principalId between the known provider and subject
  subject varchar,                 -- subjectFromWebIdentityToken, else userIdentity.userName; SAML: responseElements.subject
  shared_event_id varchar,
  source_rank utinyint not null, batch_seq integer not null, member integer not null, record_number integer, record_sha256 varchar
);

-- ECS API calls, all of them; what is in the coverage population is decided later.
create table if not exists stg_ecs_actions (
  account_id varchar not null, event_id varchar not null, event_at timestamptz not null, event_name varchar not null,
  aws_region varchar, source_ip varchar, user_agent varchar, error_code varchar, is_read_only boolean,
  identity_type varchar, invoked_by varchar, caller_key varchar not null,
  cluster_name varchar,            -- last segment of ARN or the name given; 'default' is not assumed
  task_key varchar,                -- '<account_id>/<task id without dashes, lower case>' of the task named (ExecuteCommand, StopTask), else null
  service_name varchar, task_definition varchar, started_by varchar, task_group varchar,
  exec_session_id varchar,         -- ExecuteCommand: responseElements.session.sessionId
  batch_seq integer not null, member integer not null, record_number integer, record_sha256 varchar
);

-- Sessions of Session Manager into an ECS task: ssm StartSession on a target 'ecs:<cluster>_<task id>_<container runtime id>', the denied
-- ones too. ECS opens one for each ExecuteCommand; whoever opens one without ECS goes round the cluster's exec logging.
create table if not exists stg_ssm_sessions (
  account_id varchar not null, event_id varchar not null, event_at timestamptz not null, event_name varchar not null,
  aws_region varchar, source_ip varchar, user_agent varchar, error_code varchar,
  identity_type varchar, invoked_by varchar, caller_key varchar not null,
  target varchar not null,         -- requestParameters.target
  document_name varchar,           -- requestParameters.documentName; null: the account's default shell
  ssm_session_id varchar,          -- responseElements.sessionId
  cluster_name varchar,            -- out of the target; null with the next where it has another form
  task_key varchar,                -- as in stg_ecs_actions
  batch_seq integer not null, member integer not null, record_number integer, record_sha256 varchar
);

-- RunTask and StartTask: one row a task in responseElements.tasks[].
create table if not exists stg_task_launches (
  account_id varchar not null, event_id varchar not null, event_at timestamptz not null, event_name varchar not null,
  task_key varchar not null, task_arn varchar not null, cluster_arn varchar, task_definition_arn varchar,
  started_by varchar, task_group varchar, aws_region varchar,
  identity_type varchar, invoked_by varchar, caller_key varchar not null,
  batch_seq integer not null, member integer not null, record_number integer, record_sha256 varchar
);

-- Calls that configure what later starts tasks by itself; only those that succeeded (no errorCode).
-- kind: 'deployment' (CreateService, UpdateService: one row a responseElements.service.deployments[].id, name = that id),
-- 'schedule' (scheduler CreateSchedule, UpdateSchedule: name), 'rule' (events PutRule: name), 'rule_target' (events PutTargets: rule),
-- 'execution' (states StartExecution, StartSyncExecution: name = state machine ARN), 'job' (batch SubmitJob: name = job queue);
-- the last two have an empty name where CloudTrail left the request out.
create table if not exists stg_configurers (
  account_id varchar not null, event_id varchar not null, event_at timestamptz not null, event_name varchar not null,
  aws_region varchar, kind varchar not null, name varchar not null,
  name_created_at timestamptz,     -- deployments[].createdAt: a response lists older deployments too; null for other kinds
  service_arn varchar,
  identity_type varchar, invoked_by varchar, caller_key varchar not null,
  batch_seq integer not null, member integer not null, record_number integer, record_sha256 varchar
);

-- Calls and records that amend others: addendum.reason UPDATED_DATA (ATTRIBUTION 1). The amended row replaces the staged
-- one in every table above, in (event_at, event_id) order of the addenda; the history stays here.
create table if not exists stg_addenda (
  account_id varchar not null, event_id varchar not null, event_at timestamptz not null,
  reason varchar, original_event_id varchar, updated_fields varchar,
  batch_seq integer not null, member integer not null, record_number integer, record_sha256 varchar
);

-- ECS task state changes (EventBridge), and tasks as DescribeTasks tells them (source_rank 4, after EventBridge's 3).
-- Key: (task_key, task_version); duplicates share the version.
create table if not exists stg_task_events (
  account_id varchar not null, event_id varchar not null, event_at timestamptz not null,
  task_key varchar not null, task_arn varchar not null, cluster_arn varchar, task_definition_arn varchar,
  task_version bigint, last_status varchar, desired_status varchar, launch_type varchar,
  started_by varchar, task_group varchar,
  created_at timestamptz, started_at timestamptz, stopped_at timestamptz, stop_code varchar, stopped_reason varchar,
  private_addresses varchar[], aws_region varchar,
  source_rank utinyint not null, batch_seq integer not null, member integer not null, record_number integer, record_sha256 varchar
);

-- Application logs: what STS said of a token that had expired, as a program wrote it down. Key: (account_id, event_id). The line
-- itself stays in landing: it may hold anything.
create table if not exists stg_application_logs (
  account_id varchar,              -- of the log group; null where neither the configuration nor the file says it
  event_id varchar not null,       -- CloudWatch Logs' own id of the event
  event_at timestamptz not null,   -- as the writer dated it
  kind varchar not null,           -- expired_token
  expired_at timestamptz not null, -- the token's end
  checked_at timestamptz not null, -- STS's clock when it refused
  log_group varchar, log_stream varchar,
  task_key varchar,                -- where the stream is prefix/container/<task id> and the account is known
  batch_seq integer not null, member integer not null, record_number integer, record_sha256 varchar not null
);

-- Other ECS events (service action, deployment, container instance).
create table if not exists stg_ecs_events (
  account_id varchar not null, event_id varchar not null, event_at timestamptz not null,
  detail_type varchar not null, event_name varchar, deployment_id varchar, service_arn varchar, cluster_arn varchar, aws_region varchar,
  source_rank utinyint not null, batch_seq integer not null, member integer not null, record_number integer, record_sha256 varchar
);

-- Entra sign-in rows, every version delivered. Key: (tenant_id, sign_in_id, record_sha256); `cor_sign_ins` keeps the current one.
create table if not exists stg_sign_ins (
  tenant_id varchar not null, sign_in_id varchar not null, created_at timestamptz not null,
  sign_in_kind varchar not null,   -- interactive_user | non_interactive_user | service_principal | managed_identity
  is_success boolean not null, error_code varchar,
  object_id varchar,               -- userId, else servicePrincipalId, lower case
  user_id varchar, user_principal_name varchar, display_name varchar, user_type varchar,
  service_principal_id varchar, app_id varchar, app_display_name varchar, resource_id varchar, resource_display_name varchar,
  ip_address varchar, correlation_id varchar,
  token_id varchar,                -- uniqueTokenIdentifier decoded to a lower-case GUID (entra.md 2.2), else null
  entra_session_id varchar, federated_credential_id varchar,
  agent_type varchar,              -- agent.agentType where it is there
  authentication_requirement varchar,
  is_multi_factor boolean,         -- a second factor was required, used or carried over as a claim; false: one factor was required and the row
                                   -- tells of no more; null: it doesn't say
  conditional_access_status varchar,
  row_updated_at timestamptz,      -- TimeGenerated or the like; null for Graph rows
  retrieved_at timestamptz,        -- retrieval time in the ledger, live sources only
  filled_fields integer not null,  -- how many fields are neither null nor empty (RULINGS 19)
  source_form varchar not null,
  batch_seq integer not null, member integer not null, record_number integer, record_sha256 varchar not null
);

-- Entra directory audit rows. Key: (tenant_id, audit_id).
create table if not exists stg_directory_audits (
  tenant_id varchar not null, audit_id varchar not null, activity_at timestamptz not null,
  activity_name varchar, category varchar, result varchar,
  initiated_by_object_id varchar, initiated_by_name varchar,
  targets struct(object_id varchar, object_type varchar, user_principal_name varchar, display_name varchar)[],
  group_ids varchar[],             -- groups that it names: targets of type Group, and Group.ObjectID among the modified properties
  correlation_id varchar, source_form varchar not null,
  batch_seq integer not null, member integer not null, record_number integer, record_sha256 varchar not null
);

-- The identity registry, as imported. Key: (issuer, audience, subject); a later import replaces. Issuer without scheme and
-- trailing slash (RULINGS 23).
create table if not exists stg_identity_registry (
  issuer varchar not null, audience varchar not null, subject varchar not null,
  tenant_id varchar not null, object_id varchar not null, name varchar, kind varchar,
  batch_seq integer not null, record_number integer, record_sha256 varchar not null
);

-- Entra's directory as snapshots found it: users, service principals, groups. Key: (tenant_id, object_id, record_sha256), so a row
-- is what an object was, from the first snapshot that says so to the last: `first_snapshot_at`, `snapshot_at` (null where neither
-- source nor file name says when). In between it may have been otherwise. Its place is that of the last.
create table if not exists stg_directory_objects (
  tenant_id varchar not null, object_id varchar not null,
  kind varchar not null,           -- person | workload | group
  name varchar,                    -- displayName, else userPrincipalName
  user_principal_name varchar, app_id varchar, is_enabled boolean,
  first_snapshot_at timestamptz, snapshot_at timestamptz,
  retrieved_at timestamptz,        -- of the last, in the ledger; live sources only
  batch_seq integer not null, member integer not null, record_number integer, record_sha256 varchar not null
);

-- Pages of who is in a group, through groups in it: one row a page of a snapshot. Key: (tenant_id, group_id, snapshot_at, page_number,
-- record_sha256). A group's snapshot is whole where its pages from the first to the last are there.
create table if not exists stg_group_pages (
  tenant_id varchar not null, group_id varchar not null,
  snapshot_at timestamptz,         -- when the snapshot was begun; null where neither source nor file name says when
  read_at timestamptz,             -- when the page had been read: retrieval in the ledger, the latest where there are several; else as above
  page_number integer not null, is_last boolean not null,   -- no page follows
  page_id varchar not null,        -- for evidence: 'groups/<id>/transitiveMembers page <n> snapshot <time>'
  members_key varchar not null,    -- of stg_group_members: what the page says is kept once, however often it is said
  batch_seq integer not null, member integer not null, record_number integer, record_sha256 varchar not null
);
-- Who stands on such pages. Key: (tenant_id, group_id, members_key, member_id). A page without members has no row.
create table if not exists stg_group_members (
  tenant_id varchar not null, group_id varchar not null, members_key varchar not null, member_id varchar not null,
  member_kind varchar              -- person | workload | group; null for devices, contacts, and where it is not said
);

-- What was delivered, counted. One row a file (or pack member) and form; read = new + repeated + rejected + set aside.
create table if not exists stg_deliveries (
  batch_seq integer not null, member integer not null, origin varchar not null, form varchar not null,
  records_read bigint not null, records_new bigint not null, records_repeated bigint not null,
  records_rejected bigint not null, records_set_aside bigint not null
);
create table if not exists stg_rejects (
  batch_seq integer, member integer, origin varchar not null, record_number integer, form varchar, reason varchar not null
);

-- Per source: how far it is landed. source: 'cloudtrail' | 'ecs_events' | 'sign_ins'; tenant_id and sign_in_kind for sign-ins.
create table if not exists stg_sources (
  source varchar not null, tenant_id varchar, sign_in_kind varchar,
  first_at timestamptz, complete_through timestamptz, records bigint not null
);

-- The watcher, watched. Filled from landing's own logs before detections run, so that a rebuild gives the same.
-- Configured live sources and their streams, as the latest run left them. Key: (source, stream).
create table if not exists stg_source_watch (
  source varchar not null,         -- id in the configuration
  source_type varchar not null, stream varchar not null,
  record_source varchar,           -- what it delivers, in the words of stg_sources.source; null where that is several
  watched_at timestamptz not null, -- when the latest run looked (runs.jsonl): the clock of these findings
  first_watched_at timestamptz,    -- when the first run that ended had the source
  first_pulled_at timestamptz, last_pulled_at timestamptz,   -- pulls.jsonl: the first and the latest that succeeded
  last_delivered_at timestamptz,   -- when something new was landed last (ledger)
  last_failed_at timestamptz,      -- the latest ended run in which it failed
  complete_through timestamptz,
  silent_after_minutes integer     -- its limit; null: none
);
-- What is wrong with landing's own chains and bytes. Key: (file, line).
create table if not exists stg_integrity_faults (
  file varchar not null, line bigint not null, message varchar not null, found_at timestamptz not null
);
-- Messages that were given up. Key: alert_key.
create table if not exists stg_dead_alerts (
  alert_key varchar not null, channel varchar not null, notice varchar not null, planned_at timestamptz not null,
  given_up_at timestamptz not null, attempts integer not null, message varchar not null, findings integer not null,
  line bigint                      -- of alerts.jsonl, in which it was given up
);
-- What each delivery's rejects were when: one row a source and UTC day of landing.
create table if not exists stg_reject_days (
  source varchar not null, landed_on date not null, last_landed_at timestamptz not null,
  records_read bigint not null, records_rejected bigint not null, first_reason varchar,
  last_line bigint                 -- of ledger.jsonl: the latest batch with rejects
);

-- CloudTrail's own proof: log file integrity validation, filled by src/pipeline/digest-checks.ts before detections run, out of landed bytes.
-- Keys that ListPublicKeys listed. Key: (batch_seq, member, key_sha256).
create table if not exists stg_digest_keys (
  fingerprint varchar not null,    -- as listed and as digests name it
  key_sha256 varchar not null, der_base64 varchar not null,
  valid_from timestamptz, valid_to timestamptz,
  is_from_service boolean not null, -- a configured source asked CloudTrail; else somebody's file says it
  batch_seq integer not null, member integer not null
);
-- Digest files, one row a landed copy. Key: (batch_seq, member). What a digest says of itself is not to be believed before it is checked.
create table if not exists stg_digests (
  batch_seq integer not null, member integer not null, origin varchar not null, file_name varchar not null,
  fault varchar,                   -- trailing_bytes | not_unpacked | not_a_digest | landing_altered | landing_missing | landing_removed: then the rest is from its name
  account_id varchar, aws_region varchar, trail_name varchar, home_region varchar, is_backfill boolean not null,
  start_at timestamptz, end_at timestamptz,   -- of the deliveries that it covers, not of events
  bucket varchar, object_key varchar,         -- where it says that it lies
  is_moved boolean not null,       -- it was found elsewhere than there
  content_sha256 varchar,          -- of the unpacked bytes
  signing_sha256 varchar, signing_text varchar, key_fingerprint varchar, signature_algorithm varchar,
  own_signature varchar,           -- S3 metadata x-amz-meta-signature; null where the copy came without
  previous_bucket varchar, previous_key varchar, previous_sha256 varchar, previous_signature varchar
);
-- Log files as digests name them. Key: (batch_seq, member, position) of the digest.
create table if not exists stg_digest_files (
  batch_seq integer not null, member integer not null, position integer not null,
  bucket varchar not null, object_key varchar not null, file_name varchar not null,
  hash_value varchar not null, hash_algorithm varchar not null,
  account_id varchar, aws_region varchar, delivered_at timestamptz   -- out of the name
);
-- Log files that are landed. Key: (batch_seq, member). A hash is taken once a digest names such a file.
create table if not exists stg_log_objects (
  batch_seq integer not null, member integer not null, origin varchar not null, file_name varchar not null,
  account_id varchar, aws_region varchar, delivered_at timestamptz,  -- out of the name; null where it is not CloudTrail's
  content_sha256 varchar,          -- of the unpacked bytes
  fault varchar                    -- trailing_bytes | not_unpacked | landing_altered | landing_missing | landing_removed
);
-- Signatures over digests, tried once: the digest's own and the one that the digest after it holds. Key: (signing_sha256, signature).
create table if not exists stg_digest_signatures (
  signing_sha256 varchar not null, signature varchar not null,
  outcome varchar not null,        -- right | wrong | key_missing | key_unusable | algorithm_unknown
  key_sha256 varchar               -- of the key that it is right by
);
create table if not exists stg_digest_state (through_seq integer not null);   -- batches that the tables above have seen
-- What came of it: a row for each digest, gap and log file, made anew each time. Copies of a digest count once, unless one is at fault.
create table if not exists stg_digest_checks (
  check_kind varchar not null,     -- digest | gap | log
  -- digest: valid | invalid | unverifiable | deleted (a live source looked, and it was not there) | missing (named, not landed, nobody
  -- looked) | before_first (the one before the first that is landed); gap: gap; log: proved | altered | unproven | deleted | missing
  state varchar not null,
  reason varchar not null,
  account_id varchar, aws_region varchar,
  trail_name varchar, home_region varchar, is_backfill boolean not null,   -- trail null: a log file that no digest names
  object varchar not null,         -- s3://bucket/key as a digest says it, else where it was found
  from_at timestamptz, to_at timestamptz,   -- deliveries that a digest covers, a gap's ends, the minute of a log file's delivery
  batch_seq integer, member integer,        -- where it lies; null where it is not landed
  digest_batch_seq integer, digest_member integer,   -- the digest that says so
  is_fault boolean not null        -- invalid, altered, deleted: not explained by what is merely not landed
);
