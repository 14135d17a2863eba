/*---
id: cloudtrail_lines
title: CloudTrail records, framed one by one
description: |
  The same relation as `cloudtrail_objects`, from `framed`: records that framing cut out of any form. A value of another
  type than CloudTrail documents becomes null, and is a problem where it decides who called.
---*/
create or replace temp view cloudtrail_input as
with records as (
  select
    batch_seq, member, record_number, record_sha256, form,
    envelope ->> '$.accountId' as envelope_account_id,
    json_type(record, '$.userIdentity') as identity_json_type,
    json_type(record, '$.userIdentity.sessionContext') as context_json_type,
    json_transform(record, '{
      "eventID": "VARCHAR", "eventTime": "VARCHAR", "@timestamp": "VARCHAR", "eventSource": "VARCHAR", "eventName": "VARCHAR",
      "awsRegion": "VARCHAR", "sourceIPAddress": "VARCHAR", "userAgent": "VARCHAR", "errorCode": "VARCHAR", "errorMessage": "VARCHAR",
      "readOnly": "VARCHAR", "eventType": "VARCHAR", "eventCategory": "VARCHAR", "recipientAccountId": "VARCHAR", "sharedEventID": "VARCHAR",
      "userIdentity": {"type": "VARCHAR", "principalId": "VARCHAR", "arn": "VARCHAR", "accountId": "VARCHAR", "accessKeyId": "VARCHAR",
        "userName": "VARCHAR", "invokedBy": "VARCHAR", "identityProvider": "VARCHAR",
        "sessionContext": {"sessionIssuer": {"arn": "VARCHAR"}, "attributes": {"creationDate": "VARCHAR"},
          "sourceIdentity": "VARCHAR"}},
      "resources": [{"ARN": "VARCHAR"}],
      "requestParameters": "JSON", "responseElements": "JSON",
      "addendum": {"reason": "VARCHAR", "updatedFields": "VARCHAR", "originalEventID": "VARCHAR"}}') as r
  from framed
  where form in ('cloudtrail_object', 'cloudtrail_logs', 'cloudtrail_eventbridge', 'cloudtrail_lookup', 'cloudtrail_lines')
)

select
  batch_seq,
  member,
  record_number,
  record_sha256,
  -- RULINGS 20
  case form
    when 'cloudtrail_object' then 1
    when 'cloudtrail_logs' then 2
    when 'cloudtrail_eventbridge' then 3
    when 'cloudtrail_lookup' then 4
    else 5
  end::utinyint as source_rank,
  form,
  envelope_account_id,
  case
    when identity_json_type not in ('OBJECT', 'NULL') then 'field userIdentity: expected an object, found ' || lower(identity_json_type)
    when context_json_type not in ('OBJECT', 'NULL')
      then 'field userIdentity.sessionContext: expected an object, found ' || lower(context_json_type)
  end as problem,
  r
from records;
