/*---
id: cloudtrail_chunk
title: CloudTrail records, cleaned and typed
description: |
  One row a record of `cloudtrail_input`, with every column that the staged tables take from it. `reject_reason` is set
  where the record can't be staged; `is_set_aside` for Insights. Session tokens end here: `response` names the fields
  that are kept. Keys and principal ids that are masked, and ids that are empty or all zero, become null, so that no join
  rests on them.
---*/
create or replace temp table cloudtrail_chunk as
with fields as (
  select
    batch_seq, member, record_number, record_sha256, source_rank, form, problem,
    r is null as is_null_record,
    coalesce(r."eventCategory" = 'Insight', false) or coalesce(r."eventType" = 'AwsCloudTrailInsight', false) as is_set_aside,
    nullif(nullif(trim(r."eventID"), ''), '00000000-0000-0000-0000-000000000000') as event_id,
    r."eventID" as event_id_text,
    coalesce(r."eventTime", r."@timestamp") as event_time_text,
    try_cast(coalesce(r."eventTime", r."@timestamp") as timestamptz) as event_at,
    nullif(r."eventSource", '') as event_source,
    nullif(r."eventName", '') as event_name,
    nullif(r."awsRegion", '') as aws_region,
    case when r."sourceIPAddress" not in ('', '0.0.0.0', '::') then r."sourceIPAddress" end as source_ip,
    nullif(r."userAgent", '') as user_agent,
    nullif(r."errorCode", '') as error_code,
    nullif(r."errorMessage", '') as error_message,
    nullif(r."readOnly", '') as read_only_text,
    try_cast(nullif(r."readOnly", '') as boolean) as read_only,
    nullif(r."eventType", '') as event_type,
    nullif(r."userIdentity"."type", '') as identity_type,
    unmasked(r."userIdentity"."principalId") as principal_id,
    nullif(r."userIdentity"."arn", '') as principal_arn,
    nullif(r."userIdentity"."accountId", '') as identity_account_id,
    nullif(r."userIdentity"."userName", '') as identity_user_name,
    case when usable_access_key(r."userIdentity"."accessKeyId") then r."userIdentity"."accessKeyId" end as access_key_id,
    nullif(r."userIdentity"."invokedBy", '') as invoked_by,
    nullif(r."userIdentity"."identityProvider", '') as identity_provider,
    nullif(r."userIdentity"."sessionContext"."attributes"."creationDate", '') as created_text,
    try_cast(nullif(r."userIdentity"."sessionContext"."attributes"."creationDate", '') as timestamptz) as session_created_at,
    nullif(r."userIdentity"."sessionContext"."sessionIssuer"."arn", '') as session_issuer_arn,
    nullif(r."userIdentity"."sessionContext"."sourceIdentity", '') as source_identity,
    nullif(r."resources"[1]."ARN", '') as resource,
    nullif(nullif(r."sharedEventID", ''), '00000000-0000-0000-0000-000000000000') as shared_event_id,
    coalesce(
      case when r."recipientAccountId" not in ('', '000000000000') then r."recipientAccountId" end,
      case when envelope_account_id not in ('', '000000000000') then envelope_account_id end,
      case when r."userIdentity"."accountId" not in ('', '000000000000') then r."userIdentity"."accountId" end
    ) as account_id,
    nullif(r."addendum"."reason", '') as addendum_reason,
    nullif(r."addendum"."originalEventID", '') as original_event_id,
    nullif(r."addendum"."updatedFields", '') as updated_fields,
    -- Only the calls that later tables read have their parameters parsed.
    json_transform(
      case
        when r."eventSource" in ('ecs.amazonaws.com', 'sts.amazonaws.com', 'scheduler.amazonaws.com', 'events.amazonaws.com',
          'states.amazonaws.com', 'batch.amazonaws.com')
          or (r."eventSource" = 'ssm.amazonaws.com' and r."eventName" = 'StartSession')
        then r."requestParameters"
      end,
      '{
        "roleArn": "VARCHAR", "roleSessionName": "VARCHAR", "durationSeconds": "VARCHAR", "sourceIdentity": "VARCHAR",
        "principalTags": "JSON", "principalArn": "VARCHAR", "name": "VARCHAR",
        "cluster": "VARCHAR", "task": "VARCHAR", "service": "VARCHAR", "serviceName": "VARCHAR", "taskDefinition": "VARCHAR",
        "startedBy": "VARCHAR", "group": "VARCHAR", "target": "VARCHAR", "documentName": "VARCHAR",
        "rule": "VARCHAR", "stateMachineArn": "VARCHAR", "jobQueue": "VARCHAR"}') as request,
    json_transform(
      case
        when r."eventSource" in ('ecs.amazonaws.com', 'sts.amazonaws.com')
          or (r."eventSource" = 'ssm.amazonaws.com' and r."eventName" = 'StartSession')
        then r."responseElements"
      end,
      '{
        "credentials": {"accessKeyId": "VARCHAR", "expiration": "VARCHAR"},
        "assumedRoleUser": {"assumedRoleId": "VARCHAR", "arn": "VARCHAR"},
        "federatedUser": {"federatedUserId": "VARCHAR", "arn": "VARCHAR"},
        "sourceIdentity": "VARCHAR", "provider": "VARCHAR", "issuer": "VARCHAR", "audience": "VARCHAR",
        "subjectFromWebIdentityToken": "VARCHAR", "subject": "VARCHAR",
        "sessionId": "VARCHAR", "taskArn": "VARCHAR", "session": {"sessionId": "VARCHAR"}, "task": {"taskArn": "VARCHAR"},
        "tasks": [{"taskArn": "VARCHAR", "clusterArn": "VARCHAR", "taskDefinitionArn": "VARCHAR", "startedBy": "VARCHAR", "group": "VARCHAR"}],
        "service": {"serviceArn": "VARCHAR", "deployments": [{"id": "VARCHAR", "createdAt": "VARCHAR"}]}}') as response
  from cloudtrail_input
),

issued as (
  select
    *,
    case when usable_access_key(response.credentials."accessKeyId") then response.credentials."accessKeyId" end as issued_key_id,
    locale_time(response.credentials.expiration) as expires_at,
    try_cast(request."durationSeconds" as integer) as duration_seconds
  from fields
),

checked as (
  select
    *,
    case
      when problem is not null then problem
      when is_null_record then 'record: expected an object, found null'
      when event_id is null then 'field eventID: expected an id, found ' || found(event_id_text)
      when event_time_text is null then 'field eventTime: expected an RFC 3339 time, found nothing'
      when event_at is null or not (event_at between timestamptz '2000-01-01 00:00:00Z' and timestamptz '2100-01-01 00:00:00Z')
        then 'field eventTime: expected an RFC 3339 time between 2000 and 2100, found ' || found(event_time_text)
      when event_name is null then 'field eventName: expected a name, found nothing'
      when event_source is null then 'field eventSource: expected a service, found nothing'
      when account_id is null then 'field recipientAccountId: expected an account id here, in the envelope, the path or userIdentity.accountId, found none'
      when read_only_text is not null and read_only is null
        then 'field readOnly: expected true or false, found ' || found(read_only_text)
      when created_text is not null and session_created_at is null
        then 'field userIdentity.sessionContext.attributes.creationDate: expected an RFC 3339 time, found ' || found(created_text)
      when response.credentials.expiration <> '' and expires_at is null
        then 'field responseElements.credentials.expiration: expected a time like Jan 15, 2026, 10:00:02 AM, found ' || found(response.credentials.expiration)
      when request."durationSeconds" <> '' and duration_seconds is null and event_source = 'sts.amazonaws.com'
        then 'field requestParameters.durationSeconds: expected a whole number, found ' || found(request."durationSeconds")
    end as reject_reason
  from issued
)

select
  account_id, event_id, event_at, event_source, event_name, aws_region, source_ip, user_agent, error_code, error_message,
  -- RULINGS 22: without readOnly, the name decides.
  coalesce(read_only, regexp_matches(event_name, '^(Describe|List|Get|Head|Lookup|Search|Select|Query|Scan|BatchGet|BatchDescribe|Check|Discover|Poll|View|Assume|Simulate|Validate|Test|Estimate|Preview)')) as is_read_only,
  event_type, identity_type, principal_id, principal_arn, identity_account_id, identity_user_name, access_key_id, invoked_by,
  session_created_at, session_issuer_arn, source_identity,
  case
    when event_name in ('AssumeRoleWithWebIdentity', 'AssumeRoleWithSAML') and event_source = 'sts.amazonaws.com'
      then coalesce(issued_key_id, 'token:' || account_id || '/' || event_id)
    when access_key_id is not null then access_key_id
    when identity_type = 'Root' then 'root:' || coalesce(identity_account_id, account_id)
    when identity_type = 'IAMUser' then 'user:' || coalesce(unmasked(principal_arn), principal_id, '?')
    when identity_type = 'AWSService' or (identity_type is null and invoked_by is not null) then 'service:' || coalesce(invoked_by, '?')
    when principal_id is not null and session_created_at is not null
      then principal_id || '@' || strftime(session_created_at at time zone 'UTC', '%Y-%m-%dT%H:%M:%SZ')
    else 'other:' || coalesce(identity_type, '?') || '/' || coalesce(principal_id, unmasked(principal_arn), '?')
  end as caller_key,
  resource, shared_event_id, source_rank, batch_seq, member, record_number, record_sha256,
  event_id_hash(event_id) as event_id_hash,
  hash(
    event_at, event_source, event_name, aws_region, source_ip, user_agent, error_code, error_message, read_only, event_type,
    identity_type, principal_id, principal_arn, identity_account_id, identity_user_name, access_key_id, invoked_by,
    session_created_at, session_issuer_arn, source_identity, resource, shared_event_id, request, response, identity_provider,
    addendum_reason, original_event_id, updated_fields
  ) as content_hash,
  form, is_set_aside,
  case when not is_set_aside then reject_reason end as reject_reason,
  identity_provider, request, response, issued_key_id, expires_at, duration_seconds,
  -- ATTRIBUTION 1: such a record is no action of its own, it amends one.
  coalesce(addendum_reason = 'UPDATED_DATA' and original_event_id <> event_id, false) as is_addendum,
  addendum_reason, original_event_id, updated_fields
from checked;
