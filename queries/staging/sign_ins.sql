/*---
id: sign_ins
title: Entra sign-in rows, cleaned and typed
description: |
  One row a delivered sign-in row, with the columns of `stg_sign_ins` and `reject_reason`: null where the row goes in.
  Three spellings come in: Graph (beta or v1.0) and the `properties` of a diagnostic-settings line in camelCase, Log
  Analytics rows and their CSV exports in PascalCase, where any nested column may be an object or JSON text. The lines'
  outer members may be lower-cased. A row without id, creation time or tenant is rejected: Graph v1.0 rows name no
  tenant, so they need a source that does (RULINGS 16). Success takes every code that is there to be 0. Cannot see:
  which zone a slash-separated time means; UTC is assumed, as the portal's heading says.
---*/
with records as (
  select form, batch_seq, member, record_number, record_sha256, retrieved_at, record,
    envelope ->> '$.tenantId' as source_tenant_id,
    envelope ->> '$.table' as delivered_table
  from framed
),

-- Graph rows and diagnostic lines differ in what is around the same camelCase members.
graph_rows as (
  select form, batch_seq, member, record_number, record_sha256, retrieved_at,
    source_tenant_id, delivered_table,
    null::varchar as line_tenant_id, null::varchar as line_result_type, null::varchar as line_correlation_id,
    null::varchar as line_ip_address, null::varchar as updated_text,
    record as properties
  from records
  where form = 'graph_sign_ins'
),

diagnostic_lines as (
  select form, batch_seq, member, record_number, record_sha256, retrieved_at, source_tenant_id, delivered_table,
    json_transform(record, '{
      "tenantId": "VARCHAR", "resourceId": "VARCHAR", "resultType": "VARCHAR", "correlationId": "VARCHAR",
      "callerIpAddress": "VARCHAR", "time": "VARCHAR", "properties": "VARCHAR"}') as line,
    json_transform(record, '{
      "tenantid": "VARCHAR", "resourceid": "VARCHAR", "resulttype": "VARCHAR", "correlationid": "VARCHAR",
      "calleripaddress": "VARCHAR"}') as lower_line
  from records
  where form = 'diagnostic_sign_ins'
),

diagnostic_rows as (
  select form, batch_seq, member, record_number, record_sha256, retrieved_at,
    source_tenant_id, delivered_table,
    coalesce(
      nullif(line."tenantId", ''), nullif(lower_line."tenantid", ''),
      nullif(regexp_extract(coalesce(line."resourceId", lower_line."resourceid"), '(?i)^/tenants/([^/]+)/', 1), '')
    ) as line_tenant_id,
    coalesce(line."resultType", lower_line."resulttype") as line_result_type,
    coalesce(line."correlationId", lower_line."correlationid") as line_correlation_id,
    coalesce(line."callerIpAddress", lower_line."calleripaddress") as line_ip_address,
    line."time" as updated_text,
    try_cast(line."properties" as json) as properties
  from diagnostic_lines
),

camel_parsed as (
  select rows_of_both.* exclude (properties),
    json_transform(properties, '{
      "id": "VARCHAR", "createdDateTime": "VARCHAR", "signInEventTypes": "VARCHAR", "isInteractive": "VARCHAR",
      "userId": "VARCHAR", "userPrincipalName": "VARCHAR", "userDisplayName": "VARCHAR", "userType": "VARCHAR",
      "servicePrincipalId": "VARCHAR", "servicePrincipalName": "VARCHAR", "managedServiceIdentity": "VARCHAR",
      "managedIdentityType": "VARCHAR", "clientCredentialType": "VARCHAR",
      "appId": "VARCHAR", "appDisplayName": "VARCHAR", "resourceId": "VARCHAR", "resourceDisplayName": "VARCHAR",
      "resourceTenantId": "VARCHAR", "ipAddress": "VARCHAR", "correlationId": "VARCHAR", "uniqueTokenIdentifier": "VARCHAR",
      "sessionId": "VARCHAR", "federatedCredentialId": "VARCHAR", "agent": "VARCHAR", "status": "VARCHAR",
      "authenticationRequirement": "VARCHAR", "authenticationDetails": "VARCHAR", "conditionalAccessStatus": "VARCHAR"}') as r,
    try(json_transform(properties, '"MAP(VARCHAR, VARCHAR)"')) as members
  from (select * from graph_rows union all by name select * from diagnostic_rows) as rows_of_both
),

camel_named as (
  select form, batch_seq, member, record_number, record_sha256, retrieved_at, members,
    case when form = 'graph_sign_ins' then 'id' else 'properties.id' end as id_field,
    case when form = 'graph_sign_ins' then 'createdDateTime' else 'properties.createdDateTime' end as created_field,
    'time' as updated_field,
    case when form = 'graph_sign_ins' then 'resourceTenantId' else 'tenantId' end as tenant_field,
    r."id" as id_text, r."createdDateTime" as created_text, updated_text,
    case when form = 'graph_sign_ins' then r."resourceTenantId" else line_tenant_id end as tenant_text,
    source_tenant_id,
    r."signInEventTypes" as event_types, delivered_table as category, null::varchar as table_name,
    r."isInteractive" as is_interactive,
    r."userId" as user_id, r."userPrincipalName" as user_principal_name,
    r."userDisplayName" as user_display_name, r."userType" as user_type,
    r."servicePrincipalId" as service_principal_id, r."servicePrincipalName" as service_principal_name,
    coalesce(try_cast(r."managedServiceIdentity" as json) ->> '$.msiType', r."managedIdentityType") as managed_identity_type,
    r."clientCredentialType" as client_credential_type,
    r."appId" as app_id, r."appDisplayName" as app_display_name,
    r."resourceId" as resource_id, r."resourceDisplayName" as resource_display_name,
    coalesce(nullif(r."ipAddress", ''), line_ip_address) as ip_address,
    coalesce(nullif(r."correlationId", ''), line_correlation_id) as correlation_id,
    r."uniqueTokenIdentifier" as token_text, r."sessionId" as entra_session_id,
    r."federatedCredentialId" as federated_credential_id,
    r."agent" as agent, r."status" as status, line_result_type as result_type,
    r."authenticationRequirement" as authentication_requirement, r."authenticationDetails" as authentication_details,
    r."conditionalAccessStatus" as conditional_access_status
  from camel_parsed
),

-- Log Analytics: TenantId is the workspace and ResourceId the directory, so AADTenantId and ResourceIdentity are read.
pascal_parsed as (
  select form, batch_seq, member, record_number, record_sha256, retrieved_at, source_tenant_id, delivered_table,
    json_transform(record, '{
      "Id": "VARCHAR", "CreatedDateTime": "VARCHAR", "TimeGenerated": "VARCHAR", "SignInEventTypes": "VARCHAR",
      "IsInteractive": "VARCHAR", "Category": "VARCHAR", "Type": "VARCHAR", "AADTenantId": "VARCHAR", "ResourceId": "VARCHAR",
      "UserId": "VARCHAR", "UserPrincipalName": "VARCHAR", "UserDisplayName": "VARCHAR", "UserType": "VARCHAR",
      "ServicePrincipalId": "VARCHAR", "ServicePrincipalName": "VARCHAR", "ManagedServiceIdentity": "VARCHAR",
      "ClientCredentialType": "VARCHAR", "AppId": "VARCHAR", "AppDisplayName": "VARCHAR", "ResourceIdentity": "VARCHAR",
      "ResourceDisplayName": "VARCHAR", "IPAddress": "VARCHAR", "CorrelationId": "VARCHAR", "UniqueTokenIdentifier": "VARCHAR",
      "SessionId": "VARCHAR", "FederatedCredentialId": "VARCHAR", "Agent": "VARCHAR", "Status": "VARCHAR", "ResultType": "VARCHAR",
      "AuthenticationRequirement": "VARCHAR", "AuthenticationDetails": "VARCHAR", "ConditionalAccessStatus": "VARCHAR"}') as r,
    try(json_transform(record, '"MAP(VARCHAR, VARCHAR)"')) as members
  from records
  where form = 'log_analytics_sign_ins'
),

pascal_named as (
  select form, batch_seq, member, record_number, record_sha256, retrieved_at, members,
    'Id' as id_field, 'CreatedDateTime' as created_field, 'TimeGenerated' as updated_field, 'AADTenantId' as tenant_field,
    r."Id" as id_text, r."CreatedDateTime" as created_text, r."TimeGenerated" as updated_text,
    coalesce(nullif(r."AADTenantId", ''), nullif(regexp_extract(r."ResourceId", '(?i)^/tenants/([^/]+)/', 1), '')) as tenant_text,
    source_tenant_id,
    r."SignInEventTypes" as event_types, r."Category" as category, coalesce(nullif(r."Type", ''), delivered_table) as table_name,
    r."IsInteractive" as is_interactive,
    r."UserId" as user_id, r."UserPrincipalName" as user_principal_name,
    r."UserDisplayName" as user_display_name, r."UserType" as user_type,
    r."ServicePrincipalId" as service_principal_id, r."ServicePrincipalName" as service_principal_name,
    try_cast(r."ManagedServiceIdentity" as json) ->> '$.msiType' as managed_identity_type,
    r."ClientCredentialType" as client_credential_type,
    r."AppId" as app_id, r."AppDisplayName" as app_display_name,
    r."ResourceIdentity" as resource_id, r."ResourceDisplayName" as resource_display_name,
    r."IPAddress" as ip_address, r."CorrelationId" as correlation_id,
    r."UniqueTokenIdentifier" as token_text, r."SessionId" as entra_session_id,
    r."FederatedCredentialId" as federated_credential_id,
    r."Agent" as agent, r."Status" as status, r."ResultType" as result_type,
    r."AuthenticationRequirement" as authentication_requirement, r."AuthenticationDetails" as authentication_details,
    r."ConditionalAccessStatus" as conditional_access_status
  from pascal_parsed
),

named as (
  select * from camel_named
  union all by name
  select * from pascal_named
),

-- One rule for each sort of value, applied to all values of the sort at once. Times: ISO 8601 with any offset and up to
-- nine decimals (cut to microseconds), without an offset taken as UTC; else as the portal writes them. .NET's year 1 means none.
-- Kinds: what Graph, a diagnostic category or a table's name says. Tokens: base64 of the GUID's text, or base64url of its
-- 16 bytes in .NET's order; a masked token is no canonical base64 and decodes to nothing.
sorted as (
  select *,
    list_transform(
      [created_text, updated_text],
      lambda t: case
        when regexp_matches(t, '^\s*0001-01-01') then null
        when regexp_matches(t, '^\s*\d{4}-\d{2}-\d{2}[T ]\d{2}:') then try_cast(trim(t) as timestamptz)
        when regexp_matches(t, '^\s*\d{1,2}/\d{1,2}/\d{4}') then timezone('UTC', try_strptime(
          regexp_replace(regexp_replace(regexp_replace(trim(t), '[\s\p{Z}]+', ' ', 'g'), '^([\d/]+),? ', '\1 '), '(\.\d{6})\d+', '\1'),
          ['%-m/%-d/%Y %-I:%M:%S.%f %p', '%-m/%-d/%Y %-I:%M:%S %p', '%-m/%-d/%Y %-H:%M:%S.%f', '%-m/%-d/%Y %-H:%M:%S']))
      end) as times,
    list_filter(
      list_transform(
        [lower(event_types), lower(category), lower(table_name)],
        lambda k: case
          when contains(k, 'managedidentity') then 'managed_identity'
          when contains(k, 'serviceprincipal') then 'service_principal'
          when contains(k, 'noninteractiveuser') then 'non_interactive_user'
          when contains(k, 'interactiveuser') or k = 'signinlogs' then 'interactive_user'
        end),
      lambda k: k is not null) as stated_kinds,
    list_filter(
      [nullif(nullif(trim(result_type), ''), '0'), nullif(nullif(trim(try_cast(status as json) ->> '$.errorCode'), ''), '0'),
        nullif(trim(result_type), ''), nullif(trim(try_cast(status as json) ->> '$.errorCode'), '')],
      lambda c: c is not null) as codes,
    coalesce(
      try(json_transform(try_cast(authentication_details as json), '[{
        "authenticationMethod": "VARCHAR", "authenticationStepRequirement": "VARCHAR", "authenticationStepResultDetail": "VARCHAR",
        "succeeded": "VARCHAR"}]')),
      []) as steps,
    case
      when regexp_full_match(token_text, '[A-Za-z0-9_-]{21}[AQgw](==)?')
        then hex(from_base64(replace(replace(left(token_text, 22), '-', '+'), '_', '/') || '=='))
      when regexp_full_match(token_text, '[A-Za-z0-9+/]{48}')
        then try(lower(decode(from_base64(token_text))))
    end as decoded_token
  from named
),

typed as (
  select
    nullif(regexp_replace(lower(trim(tenant_text)), '^[0-]*$', ''), '') as row_tenant_id,
    nullif(regexp_replace(lower(trim(source_tenant_id)), '^[0-]*$', ''), '') as source_tenant_id,
    nullif(regexp_replace(lower(trim(id_text)), '^[0-]*$', ''), '') as sign_in_id,
    times[1] as created_at,
    case
      when len(stated_kinds) > 0 then stated_kinds[1]
      when coalesce(user_id, '') <> '' or coalesce(user_principal_name, '') <> ''
        then case when lower(is_interactive) = 'false' then 'non_interactive_user' else 'interactive_user' end
      when client_credential_type = 'managedIdentity' or lower(managed_identity_type) not in ('', 'none') then 'managed_identity'
      when coalesce(service_principal_id, '') <> '' then 'service_principal'
    end as sign_in_kind,
    codes[1] as error_code,
    nullif(regexp_replace(lower(trim(user_id)), '^[0-]*$', ''), '') as user_id,
    nullif(trim(user_principal_name), '') as user_principal_name,
    coalesce(nullif(trim(user_display_name), ''), nullif(trim(service_principal_name), '')) as display_name,
    nullif(trim(user_type), '') as user_type,
    nullif(regexp_replace(lower(trim(service_principal_id)), '^[0-]*$', ''), '') as service_principal_id,
    nullif(regexp_replace(lower(trim(app_id)), '^[0-]*$', ''), '') as app_id,
    nullif(trim(app_display_name), '') as app_display_name,
    nullif(regexp_replace(lower(trim(resource_id)), '^[0-]*$', ''), '') as resource_id,
    nullif(trim(resource_display_name), '') as resource_display_name,
    case when trim(ip_address) not in ('', '0.0.0.0', '::') then lower(trim(ip_address)) end as ip_address,
    nullif(regexp_replace(lower(trim(correlation_id)), '^[0-]*$', ''), '') as correlation_id,
    case
      when length(decoded_token) = 32 then lower(concat_ws('-',
        substr(decoded_token, 7, 2) || substr(decoded_token, 5, 2) || substr(decoded_token, 3, 2) || substr(decoded_token, 1, 2),
        substr(decoded_token, 11, 2) || substr(decoded_token, 9, 2),
        substr(decoded_token, 15, 2) || substr(decoded_token, 13, 2),
        substr(decoded_token, 17, 4),
        substr(decoded_token, 21, 12)))
      when regexp_full_match(decoded_token, '[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}') then decoded_token
    end as token_guid,
    nullif(regexp_replace(lower(trim(entra_session_id)), '^[0-]*$', ''), '') as entra_session_id,
    nullif(regexp_replace(lower(trim(federated_credential_id)), '^[0-]*$', ''), '') as federated_credential_id,
    nullif(trim(try_cast(agent as json) ->> '$.agentType'), '') as agent_type,
    nullif(trim(authentication_requirement), '') as authentication_requirement,
    nullif(trim(conditional_access_status), '') as conditional_access_status,
    -- What was required says nothing of what was done: a step that succeeded, a claim of an earlier one, or a method that is two
    -- factors by itself (Windows Hello, FIDO2 and passkeys, signing in by phone without a password).
    case
      when lower(trim(authentication_requirement)) = 'multifactorauthentication' then true
      when regexp_matches(lower(trim(try_cast(status as json) ->> '$.additionalDetails')), '^mfa (requirement satisfied|completed|successfully completed)')
        then true
      when len(list_filter(steps, lambda s: lower(s."succeeded") = 'true' and (
          regexp_matches(lower(trim(s."authenticationStepRequirement")), '^multi-?factor')
          or regexp_matches(lower(trim(s."authenticationStepResultDetail")), '^mfa (requirement satisfied|completed|successfully completed)')
          or regexp_matches(lower(trim(s."authenticationMethod")), '^(windows hello|fido2|passkey|passwordless phone)')))) > 0
        then true
      when lower(trim(authentication_requirement)) = 'singlefactorauthentication' then false
    end as is_multi_factor,
    times[2] as row_updated_at,
    retrieved_at,
    len(list_filter(coalesce(map_values(members), []), lambda v: v is not null and v not in ('', '[]', '{}'))) as filled_fields,
    form as source_form, batch_seq, member, record_number, record_sha256,
    id_field, created_field, updated_field, tenant_field,
    nullif(trim(created_text), '') as created_text, nullif(trim(updated_text), '') as updated_text
  from sorted
)

select
  coalesce(row_tenant_id, source_tenant_id) as tenant_id,
  sign_in_id,
  created_at,
  sign_in_kind,
  coalesce(error_code = '0', false) as is_success,
  error_code,
  coalesce(user_id, service_principal_id) as object_id,
  user_id,
  user_principal_name,
  display_name,
  user_type,
  service_principal_id,
  app_id,
  app_display_name,
  resource_id,
  resource_display_name,
  ip_address,
  correlation_id,
  case when token_guid <> '00000000-0000-0000-0000-000000000000' then token_guid end as token_id,
  entra_session_id,
  federated_credential_id,
  agent_type,
  authentication_requirement,
  is_multi_factor,
  conditional_access_status,
  row_updated_at,
  retrieved_at,
  filled_fields::integer as filled_fields,
  source_form,
  batch_seq,
  member,
  record_number,
  record_sha256,
  case
    when sign_in_id is null then 'field ' || id_field || ': expected the id of the sign-in, found none'
    when created_text is null then 'field ' || created_field || ': expected a time, found none'
    when created_at is null then 'field ' || created_field || ': expected a time, found "'
      || left(regexp_replace(created_text, '[\x00-\x1f\x7f"]', '?', 'g'), 60) || '"'
    when coalesce(row_tenant_id, source_tenant_id) is null then 'field ' || tenant_field || ': expected the tenant''s id, found none, and the source names no tenant: '
      || 'name the one tenant in the configuration, or export from Graph beta, where rows name theirs'
    when updated_text is not null and row_updated_at is null then 'field ' || updated_field || ': expected a time, found "'
      || left(regexp_replace(updated_text, '[\x00-\x1f\x7f"]', '?', 'g'), 60) || '"'
    when sign_in_kind is null then 'field signInEventTypes: expected one of the four kinds of sign-in, found none, and neither a user nor a service principal'
  end as reject_reason
from typed
order by batch_seq, member, record_number
