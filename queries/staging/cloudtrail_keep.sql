/*---
id: cloudtrail_keep
title: From cleaned CloudTrail records into the staged tables
description: |
  Inserts the calls that correlation reads, out of `cloudtrail_kept` (records of one chunk that are neither rejected nor
  known already), into the run's own tables; `stage_flush` moves them into the state.
---*/
insert into stage_sts_requests
with requests as (
  select
    account_id, event_id, event_at, event_name, aws_region, source_ip, user_agent, error_code,
    identity_type, principal_id, principal_arn, identity_account_id, invoked_by, access_key_id, session_created_at, source_identity,
    caller_key, issued_key_id, expires_at, duration_seconds, shared_event_id,
    source_rank, batch_seq, member, record_number, record_sha256,
    coalesce(nullif(request."roleArn", ''), case when contains(resource, ':role/') then resource end) as role_arn,
    nullif(request."roleSessionName", '') as role_session_name,
    coalesce(nullif(response."assumedRoleUser".arn, ''), nullif(response."federatedUser".arn, '')) as told_session_arn,
    coalesce(unmasked(response."assumedRoleUser"."assumedRoleId"), unmasked(response."federatedUser"."federatedUserId")) as issued_principal_id,
    coalesce(nullif(request."sourceIdentity", ''), nullif(response."sourceIdentity", '')) as session_source_identity,
    request."principalTags" as principal_tags,
    case
      when event_name = 'AssumeRoleWithSAML' then coalesce(nullif(request."principalArn", ''), identity_provider)
      else coalesce(nullif(response.provider, ''), identity_provider)
    end as provider,
    case when event_name = 'AssumeRoleWithSAML' then nullif(response.issuer, '') end as saml_issuer,
    nullif(response.audience, '') as told_audience,
    coalesce(
      case when event_name = 'AssumeRoleWithSAML' then nullif(response.subject, '') end,
      nullif(response."subjectFromWebIdentityToken", ''),
      case when event_name in ('AssumeRoleWithWebIdentity', 'AssumeRoleWithSAML') then identity_user_name end
    ) as subject
  from cloudtrail_kept
  where event_source = 'sts.amazonaws.com'
    and event_name in ('AssumeRole', 'AssumeRoleWithWebIdentity', 'AssumeRoleWithSAML', 'GetFederationToken', 'GetSessionToken')
)

select
  account_id, event_id, event_at, event_name, aws_region, source_ip, user_agent, error_code,
  identity_type, principal_id, principal_arn, identity_account_id, invoked_by,
  access_key_id as caller_access_key_id, session_created_at as caller_session_created_at, source_identity as caller_source_identity,
  caller_key, issued_key_id, expires_at, role_arn, role_session_name,
  coalesce(
    told_session_arn,
    -- Task and instance roles' records lack assumedRoleUser (aws.md 1.3).
    case
      when issued_key_id is not null
      then regexp_replace(role_arn, '^arn:([^:]+):iam::(\d*):role/(?:.*/)?([^/]+)$', 'arn:\1:sts::\2:assumed-role/\3/') || role_session_name
    end
  ) as session_arn,
  issued_principal_id, duration_seconds,
  session_source_identity as source_identity,
  tag_map(principal_tags) as principal_tags,
  provider, saml_issuer,
  coalesce(
    told_audience,
    -- <provider>:<audience>:<subject>, each of which may hold colons (aws.md 1.1).
    case
      when starts_with(principal_id, provider || ':') and ends_with(principal_id, ':' || subject)
        and length(principal_id) > length(provider) + length(subject) + 2
      then substr(principal_id, length(provider) + 2, length(principal_id) - length(provider) - length(subject) - 2)
    end
  ) as audience,
  subject, shared_event_id, source_rank, batch_seq, member, record_number, record_sha256
from requests;

insert into stage_ecs_actions
select
  account_id, event_id, event_at, event_name, aws_region, source_ip, user_agent, error_code, is_read_only,
  identity_type, invoked_by, caller_key,
  last_segment(request.cluster) as cluster_name,
  case
    when event_name in ('ExecuteCommand', 'StopTask')
    then task_key_of(account_id, coalesce(response."taskArn", response.task."taskArn", request.task))
  end as task_key,
  last_segment(coalesce(request.service, request."serviceName")) as service_name,
  nullif(request."taskDefinition", '') as task_definition,
  nullif(request."startedBy", '') as started_by,
  nullif(request."group", '') as task_group,
  case when event_name = 'ExecuteCommand' then nullif(response.session."sessionId", '') end as exec_session_id,
  batch_seq, member, record_number, record_sha256
from cloudtrail_kept
where event_source = 'ecs.amazonaws.com';

-- Names of clusters may hold underscores, ids of tasks and containers hold none.
insert into stage_ssm_sessions
with sessions as (
  select
    account_id, event_id, event_at, event_name, aws_region, source_ip, user_agent, error_code, identity_type, invoked_by, caller_key,
    request.target as target, nullif(request."documentName", '') as document_name, nullif(response."sessionId", '') as ssm_session_id,
    regexp_extract(request.target, '^ecs:(.+)_([0-9A-Fa-f-]{32,36})_[^_]+$', ['cluster', 'task']) as named,
    batch_seq, member, record_number, record_sha256
  from cloudtrail_kept
  where event_source = 'ssm.amazonaws.com' and event_name = 'StartSession' and starts_with(request.target, 'ecs:')
)

select
  account_id, event_id, event_at, event_name, aws_region, source_ip, user_agent, error_code, identity_type, invoked_by, caller_key,
  target, document_name, ssm_session_id, nullif(named.cluster, '') as cluster_name,
  task_key_of(account_id, named.task) as task_key,
  batch_seq, member, record_number, record_sha256
from sessions;

insert into stage_task_launches
with tasks as (
  select
    account_id, event_id, event_at, event_name, aws_region, identity_type, invoked_by, caller_key,
    batch_seq, member, record_number, record_sha256, unnest(response.tasks) as task
  from cloudtrail_kept
  where event_source = 'ecs.amazonaws.com' and event_name in ('RunTask', 'StartTask')
)

select
  account_id, event_id, event_at, event_name, task_key_of(account_id, task."taskArn") as task_key, task."taskArn" as task_arn,
  nullif(task."clusterArn", '') as cluster_arn, nullif(task."taskDefinitionArn", '') as task_definition_arn,
  nullif(task."startedBy", '') as started_by, nullif(task."group", '') as task_group, aws_region,
  identity_type, invoked_by, caller_key, batch_seq, member, record_number, record_sha256
from tasks
where last_segment(task."taskArn") is not null;

insert into stage_configurers
with calls as (
  select
    account_id, event_id, event_at, event_name, aws_region, identity_type, invoked_by, caller_key,
    batch_seq, member, record_number, record_sha256,
    case
      when event_source = 'ecs.amazonaws.com' and event_name in ('CreateService', 'UpdateService') then 'deployment'
      when event_source = 'scheduler.amazonaws.com' and event_name in ('CreateSchedule', 'UpdateSchedule') then 'schedule'
      when event_source = 'events.amazonaws.com' and event_name = 'PutRule' then 'rule'
      when event_source = 'events.amazonaws.com' and event_name = 'PutTargets' then 'rule_target'
      when event_source = 'states.amazonaws.com' and event_name in ('StartExecution', 'StartSyncExecution') then 'execution'
      when event_source = 'batch.amazonaws.com' and event_name = 'SubmitJob' then 'job'
    end as kind,
    request.name as request_name, request."rule" as request_rule, request."stateMachineArn" as state_machine_arn,
    request."jobQueue" as job_queue, response.service."serviceArn" as service_arn,
    response.service.deployments as deployments
  from cloudtrail_kept
  where error_code is null
    and event_name in ('CreateService', 'UpdateService', 'CreateSchedule', 'UpdateSchedule', 'PutRule', 'PutTargets', 'StartExecution',
      'StartSyncExecution', 'SubmitJob')
),

named as (
  select
    *,
    unnest(
      case kind
        when 'deployment' then list_transform(deployments, lambda d: {'name': d.id, 'created': d."createdAt"})
        when 'schedule' then [{'name': request_name, 'created': null::varchar}]
        when 'rule' then [{'name': request_name, 'created': null::varchar}]
        when 'rule_target' then [{'name': request_rule, 'created': null::varchar}]
        when 'execution' then [{'name': state_machine_arn, 'created': null::varchar}]
        when 'job' then [{'name': job_queue, 'created': null::varchar}]
      end
    ) as named
  from calls
)

select distinct
  account_id, event_id, event_at, event_name, aws_region, kind, coalesce(named.name, '') as name, locale_time(named.created) as name_created_at,
  case when kind = 'deployment' then nullif(service_arn, '') end as service_arn,
  identity_type, invoked_by, caller_key, batch_seq, member, record_number, record_sha256
from named
-- CloudTrail leaves out a request that is too large: an execution or a job counts by its time all the same (RULINGS 18).
where named.name <> '' or kind in ('execution', 'job');
