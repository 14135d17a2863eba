/*---
id: directory_audits
title: Entra directory audit rows, cleaned and typed
description: |
  One row a delivered audit row, with the columns of `stg_directory_audits` and `reject_reason`: null where the row goes
  in. Graph rows and the `properties` of diagnostic lines come in camelCase, Log Analytics rows and CSV exports in PascalCase with
  `InitiatedBy` and `TargetResources` as objects or JSON text. Graph's directoryAudit names no tenant, so such rows need a
  source that does (RULINGS 16). Audit ids keep their case: they are no GUIDs.
---*/
with records as (
  select form, batch_seq, member, record_number, record_sha256, record, envelope ->> '$.tenantId' as source_tenant_id
  from framed
),

graph_rows as (
  select form, batch_seq, member, record_number, record_sha256, source_tenant_id,
    null::varchar as line_tenant_id, null::varchar as line_operation_name, null::varchar as line_correlation_id,
    record as properties
  from records
  where form = 'graph_directory_audits'
),

diagnostic_lines as (
  select form, batch_seq, member, record_number, record_sha256, source_tenant_id,
    json_transform(record, '{"tenantId": "VARCHAR", "resourceId": "VARCHAR", "operationName": "VARCHAR", "correlationId": "VARCHAR", "properties": "VARCHAR"}') as line,
    json_transform(record, '{"tenantid": "VARCHAR", "resourceid": "VARCHAR", "operationname": "VARCHAR", "correlationid": "VARCHAR"}') as lower_line
  from records
  where form = 'diagnostic_directory_audits'
),

diagnostic_rows as (
  select form, batch_seq, member, record_number, record_sha256, source_tenant_id,
    coalesce(
      nullif(line."tenantId", ''), nullif(lower_line."tenantid", ''),
      nullif(regexp_extract(coalesce(line."resourceId", lower_line."resourceid"), '(?i)^/tenants/([^/]+)/', 1), '')
    ) as line_tenant_id,
    coalesce(line."operationName", lower_line."operationname") as line_operation_name,
    coalesce(line."correlationId", lower_line."correlationid") as line_correlation_id,
    try_cast(line."properties" as json) as properties
  from diagnostic_lines
),

camel_parsed as (
  select rows_of_both.* exclude (properties),
    json_transform(properties, '{
      "id": "VARCHAR", "activityDateTime": "VARCHAR", "activityDisplayName": "VARCHAR", "operationName": "VARCHAR",
      "category": "VARCHAR", "result": "VARCHAR", "correlationId": "VARCHAR",
      "initiatedBy": "VARCHAR", "targetResources": "VARCHAR"}') as r
  from (select * from graph_rows union all by name select * from diagnostic_rows) as rows_of_both
),

camel_named as (
  select form, batch_seq, member, record_number, record_sha256, source_tenant_id,
    case when form = 'graph_directory_audits' then '' else 'properties.' end || 'id' as id_field,
    case when form = 'graph_directory_audits' then '' else 'properties.' end || 'activityDateTime' as activity_field,
    'tenantId' as tenant_field,
    line_tenant_id as tenant_text, r."id" as id_text, r."activityDateTime" as activity_text,
    coalesce(nullif(r."activityDisplayName", ''), nullif(r."operationName", ''), line_operation_name) as activity_name,
    r."category" as category, r."result" as result,
    coalesce(nullif(r."correlationId", ''), line_correlation_id) as correlation_id,
    r."initiatedBy" as initiated_by, r."targetResources" as target_resources
  from camel_parsed
),

pascal_parsed as (
  select form, batch_seq, member, record_number, record_sha256, source_tenant_id,
    json_transform(record, '{
      "Id": "VARCHAR", "ActivityDateTime": "VARCHAR", "ActivityDisplayName": "VARCHAR", "OperationName": "VARCHAR",
      "Category": "VARCHAR", "Result": "VARCHAR", "CorrelationId": "VARCHAR", "AADTenantId": "VARCHAR", "ResourceId": "VARCHAR",
      "InitiatedBy": "VARCHAR", "TargetResources": "VARCHAR"}') as r
  from records
  where form = 'log_analytics_directory_audits'
),

pascal_named as (
  select form, batch_seq, member, record_number, record_sha256, source_tenant_id,
    'Id' as id_field, 'ActivityDateTime' as activity_field, 'AADTenantId' as tenant_field,
    coalesce(nullif(r."AADTenantId", ''), nullif(regexp_extract(r."ResourceId", '(?i)^/tenants/([^/]+)/', 1), '')) as tenant_text,
    r."Id" as id_text, r."ActivityDateTime" as activity_text,
    coalesce(nullif(r."ActivityDisplayName", ''), r."OperationName") as activity_name,
    r."Category" as category, r."Result" as result, r."CorrelationId" as correlation_id,
    r."InitiatedBy" as initiated_by, r."TargetResources" as target_resources
  from pascal_parsed
),

named as (
  select * from camel_named
  union all by name
  select * from pascal_named
),

-- Times as in sign_ins.sql. `initiatedBy` holds a user or an app, the other being absent or null.
typed as (
  select
    coalesce(
      nullif(regexp_replace(lower(trim(tenant_text)), '^[0-]*$', ''), ''),
      nullif(regexp_replace(lower(trim(source_tenant_id)), '^[0-]*$', ''), '')
    ) as tenant_id,
    nullif(regexp_replace(trim(id_text), '^[0-]*$', ''), '') as audit_id,
    case
      when regexp_matches(activity_text, '^\s*0001-01-01') then null
      when regexp_matches(activity_text, '^\s*\d{4}-\d{2}-\d{2}[T ]\d{2}:') then try_cast(trim(activity_text) as timestamptz)
      when regexp_matches(activity_text, '^\s*\d{1,2}/\d{1,2}/\d{4}') then timezone('UTC', try_strptime(
        regexp_replace(regexp_replace(regexp_replace(trim(activity_text), '[\s\p{Z}]+', ' ', 'g'), '^([\d/]+),? ', '\1 '), '(\.\d{6})\d+', '\1'),
        ['%-m/%-d/%Y %-I:%M:%S.%f %p', '%-m/%-d/%Y %-I:%M:%S %p', '%-m/%-d/%Y %-H:%M:%S.%f', '%-m/%-d/%Y %-H:%M:%S']))
    end as activity_at,
    nullif(trim(activity_name), '') as activity_name,
    nullif(trim(category), '') as category,
    nullif(trim(result), '') as result,
    json_transform(try_cast(initiated_by as json), '{
      "user": {"id": "VARCHAR", "userPrincipalName": "VARCHAR", "displayName": "VARCHAR"},
      "app": {"servicePrincipalId": "VARCHAR", "displayName": "VARCHAR", "servicePrincipalName": "VARCHAR"}}') as initiator,
    json_transform(try_cast(target_resources as json), '[{"id": "VARCHAR", "type": "VARCHAR", "userPrincipalName": "VARCHAR", "displayName": "VARCHAR",
      "modifiedProperties": [{"displayName": "VARCHAR", "oldValue": "VARCHAR", "newValue": "VARCHAR"}]}]') as target_list,
    nullif(regexp_replace(lower(trim(correlation_id)), '^[0-]*$', ''), '') as correlation_id,
    form, batch_seq, member, record_number, record_sha256,
    id_field, activity_field, tenant_field, nullif(trim(activity_text), '') as activity_text
  from named
)

select
  tenant_id,
  audit_id,
  activity_at,
  activity_name,
  category,
  result,
  coalesce(
    nullif(regexp_replace(lower(trim(initiator."user"."id")), '^[0-]*$', ''), ''),
    nullif(regexp_replace(lower(trim(initiator."app"."servicePrincipalId")), '^[0-]*$', ''), '')
  ) as initiated_by_object_id,
  coalesce(
    nullif(trim(initiator."user"."userPrincipalName"), ''), nullif(trim(initiator."user"."displayName"), ''),
    nullif(trim(initiator."app"."displayName"), ''), nullif(trim(initiator."app"."servicePrincipalName"), '')
  ) as initiated_by_name,
  list_transform(
    coalesce(target_list, []),
    lambda t: struct_pack(
      object_id := nullif(regexp_replace(lower(trim(t."id")), '^[0-]*$', ''), ''),
      object_type := nullif(trim(t."type"), ''),
      user_principal_name := nullif(trim(t."userPrincipalName"), ''),
      display_name := nullif(trim(t."displayName"), ''))
  ) as targets,
  -- A value is JSON text in JSON text; a removal has the group in the old one (entra.md, section 6).
  list_sort(list_distinct(list_filter(
    list_transform(list_filter(coalesce(target_list, []), lambda t: lower(trim(t."type")) = 'group'), lambda t: lower(trim(t."id")))
    || flatten(list_transform(coalesce(target_list, []), lambda t: list_transform(
      list_filter(coalesce(t."modifiedProperties", []), lambda p: lower(trim(p."displayName")) = 'group.objectid'),
      lambda p: regexp_extract(lower(coalesce(nullif(p."newValue", ''), p."oldValue")), '[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}')))),
    lambda g: regexp_full_match(g, '[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}')))) as group_ids,
  correlation_id,
  form as source_form,
  batch_seq,
  member,
  record_number,
  record_sha256,
  case
    when audit_id is null then 'field ' || id_field || ': expected the id of the audit row, found none'
    when activity_text is null then 'field ' || activity_field || ': expected a time, found none'
    when activity_at is null then 'field ' || activity_field || ': expected a time, found "'
      || left(regexp_replace(activity_text, '[\x00-\x1f\x7f"]', '?', 'g'), 60) || '"'
    when tenant_id is null then 'field ' || tenant_field || ': expected the tenant''s id, found none, and the source names no tenant: '
      || 'name the one tenant in the configuration, or export from Log Analytics or diagnostic settings, where rows name theirs'
  end as reject_reason
from typed
order by batch_seq, member, record_number
