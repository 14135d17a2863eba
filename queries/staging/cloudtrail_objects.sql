/*---
id: cloudtrail_objects
title: CloudTrail records as trail objects hold them
description: |
  Reads a file of lines, one trail object each: {"b":<batch>,"m":<member>,"a":<account of the object's path>,"Records":[…]}.
  Scalars come as text and are cast in `cloudtrail_chunk`, so that one odd value doesn't end the reading; where reading
  fails all the same (a value where an object belongs, a key twice, text that is no JSON), the whole file is read again
  record by record, through `cloudtrail_lines`. Fields that nothing later reads are not read. Variables: raw_path,
  object_size.
---*/
create or replace temp view cloudtrail_input as
with objects as (
  select b, m, a, "Records"
  from read_json(
    getvariable('raw_path'),
    format = 'newline_delimited',
    maximum_object_size = getvariable('object_size'),
    columns = {
      b: 'INTEGER',
      m: 'INTEGER',
      a: 'VARCHAR',
      "Records": 'STRUCT(
        "eventID" VARCHAR, "eventTime" VARCHAR, "@timestamp" VARCHAR, "eventSource" VARCHAR, "eventName" VARCHAR,
        "awsRegion" VARCHAR, "sourceIPAddress" VARCHAR, "userAgent" VARCHAR, "errorCode" VARCHAR, "errorMessage" VARCHAR,
        "readOnly" VARCHAR, "eventType" VARCHAR, "eventCategory" VARCHAR, "recipientAccountId" VARCHAR, "sharedEventID" VARCHAR,
        "userIdentity" STRUCT("type" VARCHAR, "principalId" VARCHAR, "arn" VARCHAR, "accountId" VARCHAR, "accessKeyId" VARCHAR,
          "userName" VARCHAR, "invokedBy" VARCHAR, "identityProvider" VARCHAR,
          "sessionContext" STRUCT("sessionIssuer" STRUCT("arn" VARCHAR), "attributes" STRUCT("creationDate" VARCHAR),
            "sourceIdentity" VARCHAR)),
        "resources" STRUCT("ARN" VARCHAR)[],
        "requestParameters" JSON, "responseElements" JSON,
        "addendum" STRUCT("reason" VARCHAR, "updatedFields" VARCHAR, "originalEventID" VARCHAR))[]'
    }
  )
)

select
  b as batch_seq,
  m as member,
  generate_subscripts("Records", 1)::integer as record_number,
  null::varchar as record_sha256,
  1::utinyint as source_rank,
  'cloudtrail_object' as form,
  a as envelope_account_id,
  null::varchar as problem,
  unnest("Records") as r
from objects;
