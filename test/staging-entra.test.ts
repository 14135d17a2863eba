import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Database, SqlRow } from '../src/engine/database.ts';
import { frames, frameRegistry } from '../src/landing/framing.ts';
import { addFrames, framedDatabase, stagedRows, stagingSql, type StagingFile, type StagingOptions } from './framed-relation.ts';

const TENANT = '11111111-2222-4333-8444-555555555555';
const ID = '58f8ce73-9fc8-4f02-8ea8-1908964f842e';
const USER = 'aaaaaaaa-0000-4000-8000-000000000001';
const APP = 'aaaaaaaa-0000-4000-8000-0000000000aa';

let database: Database;
beforeEach(async () => {
  database = await framedDatabase();
});
afterEach(() => {
  database.close();
});

async function staged(file: StagingFile, content: unknown, options: StagingOptions = {}): Promise<SqlRow[]> {
  const text = typeof content === 'string' ? content : JSON.stringify(content);
  await database.run('delete from framed');
  await addFrames(database, frames(Buffer.from(text), 'file'), 1, options);
  return await stagedRows(database, file);
}
async function one(file: StagingFile, content: unknown, options: StagingOptions = {}): Promise<SqlRow> {
  const rows = await staged(file, content, options);
  expect(rows).toHaveLength(1);
  return rows[0] ?? {};
}

const graph = {
  id: ID, createdDateTime: '2026-01-15T09:00:00.1234567Z', resourceTenantId: TENANT.toUpperCase(), signInEventTypes: ['nonInteractiveUser'],
  userId: USER, userPrincipalName: 'ada@example.com', userDisplayName: 'Ada', userType: 'member', appId: APP, ipAddress: '192.0.2.7',
  correlationId: 'aaaaaaaa-0000-4000-8000-0000000000cc', uniqueTokenIdentifier: 'c874WMifAk-OqBkIlk-ELg', sessionId: 'aaaaaaaa-0000-4000-8000-0000000000dd',
  resourceId: APP, status: { errorCode: 0, failureReason: null }, isInteractive: false, agent: { agentType: 'notAgentic' },
};
const analytics = {
  TenantId: 'aaaaaaaa-0000-4000-8000-00000000beef', AADTenantId: TENANT, Id: ID, CreatedDateTime: '2026-01-15T09:00:00Z', TimeGenerated: '2026-01-15T09:05:00Z',
  UserId: USER, UserPrincipalName: 'ada@example.com', AppId: APP, ResourceId: `/tenants/${TENANT}/providers/Microsoft.aadiam`, ResourceIdentity: APP.toUpperCase(),
  ResultType: '0', IPAddress: '192.0.2.7', Type: 'AADNonInteractiveUserSignInLogs',
};
const line = { time: '2026-01-15T09:05:00Z', category: 'ManagedIdentitySignInLogs', tenantId: TENANT, resultType: '0', properties: { id: ID, createdDateTime: '2026-01-15T09:00:00Z', servicePrincipalId: USER, userId: null, ipAddress: '', status: { errorCode: 0 } } };

describe('sign_ins', () => {
  it('reads a Graph beta row', async () => {
    expect(await one('sign_ins', graph, { retrievedAt: '2026-01-15T10:00:00Z' })).toMatchObject({
      tenant_id: TENANT, sign_in_id: ID, created_at: '2026-01-15T09:00:00.123Z', sign_in_kind: 'non_interactive_user', is_success: true, error_code: '0',
      object_id: USER, user_id: USER, user_principal_name: 'ada@example.com', display_name: 'Ada', ip_address: '192.0.2.7', token_id: ID, app_id: APP,
      resource_id: APP, agent_type: 'notAgentic', row_updated_at: null, retrieved_at: '2026-01-15T10:00:00Z', source_form: 'graph_sign_ins', reject_reason: null,
    });
  });

  it('keeps microseconds and cuts what is finer', async () => {
    await one('sign_ins', graph);
    const text = await database.get<{ at: string }>(`select created_at::varchar as at from (${await stagingSql('sign_ins')})`);
    expect(text?.at).toBe('2026-01-15 09:00:00.123456+00');
  });

  it('takes the tenant of a v1.0 row from the source, and without one says what to do', async () => {
    const v1 = { ...graph, resourceTenantId: undefined, signInEventTypes: undefined, uniqueTokenIdentifier: undefined };
    expect(await one('sign_ins', v1, { source: { tenantId: TENANT } })).toMatchObject({ tenant_id: TENANT, reject_reason: null, sign_in_kind: 'non_interactive_user' });
    expect((await one('sign_ins', v1))['reject_reason']).toMatch(/^field resourceTenantId: expected the tenant's id, found none, and the source names no tenant: name /);
    expect((await one('sign_ins', { ...graph, resourceTenantId: '00000000-0000-0000-0000-000000000000' }))['reject_reason']).toMatch(/^field resourceTenantId/);
    // The row's own comes first (RULINGS 16): a guest's sign-in belongs to the tenant it was made in.
    expect(await one('sign_ins', graph, { source: { tenantId: USER } })).toMatchObject({ tenant_id: TENANT });
  });

  it('reads a Log Analytics row, nested columns as text or objects', async () => {
    const expected = { tenant_id: TENANT, sign_in_id: ID, sign_in_kind: 'non_interactive_user', is_success: true, resource_id: APP, row_updated_at: '2026-01-15T09:05:00Z', reject_reason: null };
    for (const nested of [{}, { Status: { errorCode: 0 }, Agent: { agentType: 'agenticApp' } }, { Status: '{"errorCode":0}', Agent: '{"agentType":"agenticApp"}' }, { Status: '', Agent: 'no json' }]) {
      const row = await one('sign_ins', { ...analytics, ...nested });
      expect(row).toMatchObject(expected);
      expect(row['agent_type']).toBe('Agent' in nested && nested.Agent !== 'no json' ? 'agenticApp' : null);
    }
    expect(await one('sign_ins', { ...analytics, AADTenantId: '' })).toMatchObject({ tenant_id: TENANT });
  });

  it('tells a second factor by what was required, used or carried over, in every form', async () => {
    const step = (fields: object): object => ({ authenticationMethod: 'Password', authenticationStepRequirement: 'Primary authentication', authenticationStepResultDetail: 'Correct password', succeeded: true, ...fields });
    const claim = { authenticationMethod: 'Previously satisfied', authenticationStepRequirement: '', authenticationStepResultDetail: 'MFA requirement satisfied by claim in the token' };
    const factors = async (requirement: unknown, details: unknown, additional: unknown = null): Promise<unknown[]> => {
      const status = { errorCode: 0, additionalDetails: additional };
      const rows = [
        await one('sign_ins', { ...graph, authenticationRequirement: requirement, authenticationDetails: details, status }),
        await one('sign_ins', { ...line, properties: { ...line.properties, authenticationRequirement: requirement, authenticationDetails: details, status } }),
        await one('sign_ins', { ...analytics, AuthenticationRequirement: requirement, AuthenticationDetails: JSON.stringify(details), Status: JSON.stringify(status) }),
        await one('sign_ins', { ...analytics, AuthenticationRequirement: requirement, AuthenticationDetails: details, Status: status }),
      ];
      return rows.map((row) => row['reject_reason'] ?? row['is_multi_factor']);
    };
    const all = (value: boolean | null): unknown[] => [value, value, value, value];
    const single = 'singleFactorAuthentication';
    expect(await factors('multiFactorAuthentication', [])).toEqual(all(true));
    expect(await factors(single, [step({})])).toEqual(all(false));
    expect(await factors(single, [])).toEqual(all(false));
    expect(await factors(single, [step({ authenticationMethod: 'Previously satisfied', authenticationStepResultDetail: 'First factor requirement satisfied by claim in the token' })])).toEqual(all(false));
    expect(await factors(single, [step(claim)])).toEqual(all(true));
    expect(await factors(single, [], 'MFA requirement satisfied by claim in the token')).toEqual(all(true));
    expect(await factors(single, [step({}), step({ authenticationMethod: 'Mobile app notification', authenticationStepRequirement: 'Multifactor authentication' })])).toEqual(all(true));
    expect(await factors(single, [step({ authenticationMethod: 'Windows Hello for Business' })])).toEqual(all(true));
    // A second factor that failed, or that was only asked for, is none.
    expect(await factors(single, [step({}), step({ ...claim, succeeded: false })])).toEqual(all(false));
    expect(await factors(single, [step({ authenticationStepResultDetail: 'MFA required in Azure AD' })], 'MFA required in Azure AD')).toEqual(all(false));
    expect(await factors('', [])).toEqual(all(null));
    expect(await factors(undefined, [step(claim)])).toEqual(all(true));
    for (const odd of ['[', { a: 1 }, [1, null, 'x'], [[]], 7, [{ succeeded: { a: 1 } }]]) expect((await one('sign_ins', { ...graph, authenticationRequirement: single, authenticationDetails: odd }))['is_multi_factor']).toBe(false);
  });

  it('reads a diagnostic line, its properties as an object or text, its keys lower-cased or not', async () => {
    const expected = { tenant_id: TENANT, sign_in_id: ID, sign_in_kind: 'managed_identity', object_id: USER, user_id: null, ip_address: null, is_success: true, reject_reason: null };
    expect(await one('sign_ins', line)).toMatchObject(expected);
    expect(await one('sign_ins', { ...line, properties: JSON.stringify(line.properties) })).toMatchObject(expected);
    const { tenantId, resultType, ...rest } = line;
    expect(await one('sign_ins', { ...rest, tenantid: tenantId, resulttype: resultType, calleripaddress: '192.0.2.9' })).toMatchObject({ ...expected, ip_address: '192.0.2.9' });
    expect(await one('sign_ins', { ...rest, resourceId: `/tenants/${TENANT}/providers/Microsoft.aadiam` })).toMatchObject({ tenant_id: TENANT });
    expect((await one('sign_ins', { ...line, properties: '{broken' }))['reject_reason']).toBe('field properties.id: expected the id of the sign-in, found none');
  });

  it('decodes both encodings of a token id, and nothing that is neither', async () => {
    const decoded = async (token: unknown): Promise<unknown> => (await one('sign_ins', { ...graph, uniqueTokenIdentifier: token }))['token_id'];
    expect(await decoded('c874WMifAk-OqBkIlk-ELg')).toBe(ID);
    expect(await decoded('c874WMifAk-OqBkIlk-ELg==')).toBe(ID);
    expect(await decoded(Buffer.from(ID.toUpperCase()).toString('base64'))).toBe(ID);
    for (const none of ['AAAAAAAAAAAAAAAAAAAAAA', Buffer.from('00000000-0000-0000-0000-000000000000').toString('base64'), '', null, 'c874WMifAk-OqBkIlk-ELh', 'hhhhhhhhhhhhhhhhhhhhhh',
      '!!!!', Buffer.from('x'.repeat(36)).toString('base64'), Buffer.alloc(36, 0xff).toString('base64'), 'c874WMifAk+OqBkIlk+ELg', 7]) {
      expect(await decoded(none), String(none)).toBeNull();
    }
  });

  it('reads every spelling of a time, and rejects what is none', async () => {
    const at = async (text: string): Promise<unknown> => {
      const row = await one('sign_ins', { ...graph, createdDateTime: text });
      return row['reject_reason'] ?? row['created_at'];
    };
    expect(await at('2026-01-15T09:00:00-05:00')).toBe('2026-01-15T14:00:00Z');
    expect(await at('2026-01-15T09:00:00.5+00:00')).toBe('2026-01-15T09:00:00.500Z');
    expect(await at('2026-01-15 09:00:00.049661100')).toBe('2026-01-15T09:00:00.049Z');
    expect(await at('12/13/2025 3:03:58 PM')).toBe('2025-12-13T15:03:58Z');
    expect(await at('6/15/2026, 9:56:49.975 AM')).toBe('2026-06-15T09:56:49.975Z');
    expect(await at('6/15/2026, 9:56:49.9751234\u202fPM')).toBe('2026-06-15T21:56:49.975Z');
    expect(await at('6/15/2026 21:56:49')).toBe('2026-06-15T21:56:49Z');
    for (const none of ['13/12/2025 3:03:58 PM', '2026-02-30T00:00:00Z', 'infinity', 'now', '1768467600', '2026-01-15']) {
      expect(await at(none)).toBe(`field createdDateTime: expected a time, found "${none}"`);
    }
    expect(await at('')).toBe('field createdDateTime: expected a time, found none');
    expect(await at('0001-01-01T00:00:00Z')).toBe('field createdDateTime: expected a time, found "0001-01-01T00:00:00Z"');
    const hostile = await at(`\u001b[31m"${'x'.repeat(500)}`);
    expect(hostile).toMatch(/^field createdDateTime: expected a time, found "\?\[31m\?x+"$/);
    expect(String(hostile).length).toBeLessThan(120);
    expect((await one('sign_ins', { ...analytics, TimeGenerated: 'soon' }))['reject_reason']).toBe('field TimeGenerated: expected a time, found "soon"');
  });

  it('counts as success only what every code that is there calls so', async () => {
    const code = async (row: unknown): Promise<unknown[]> => {
      const { is_success: isSuccess, error_code: errorCode } = await one('sign_ins', row);
      return [isSuccess, errorCode];
    };
    expect(await code({ ...graph, status: { errorCode: 50126 } })).toEqual([false, '50126']);
    expect(await code({ ...graph, status: undefined })).toEqual([false, null]);
    expect(await code({ ...analytics, ResultType: 50126 })).toEqual([false, '50126']);
    expect(await code({ ...analytics, ResultType: '0', Status: { errorCode: 50126 } })).toEqual([false, '50126']);
    expect(await code({ ...analytics, ResultType: '', Status: '{"errorCode":0}' })).toEqual([true, '0']);
  });

  it('tells the kind by event types, category, table name, content', async () => {
    const kind = async (row: object): Promise<unknown> => {
      const staged = await one('sign_ins', row);
      return staged['sign_in_kind'] ?? staged['reject_reason'];
    };
    const bare = { ...graph, signInEventTypes: undefined, isInteractive: undefined };
    const workload = { ...bare, userId: '', userPrincipalName: '', servicePrincipalId: USER };
    for (const [types, expected] of [[['interactiveUser'], 'interactive_user'], [['nonInteractiveUser'], 'non_interactive_user'], [['servicePrincipal'], 'service_principal'], [['managedIdentity'], 'managed_identity']] as const) {
      expect(await kind({ ...bare, signInEventTypes: types })).toBe(expected);
      expect(await kind({ ...analytics, Type: undefined, SignInEventTypes: JSON.stringify(types) })).toBe(expected);
    }
    for (const [category, expected] of [['SignInLogs', 'interactive_user'], ['NonInteractiveUserSignInLogs', 'non_interactive_user'], ['ServicePrincipalSignInLogs', 'service_principal'], ['ManagedIdentitySignInLogs', 'managed_identity']]) {
      expect(await kind({ ...line, category })).toBe(expected);
    }
    for (const [table, expected] of [['SigninLogs', 'interactive_user'], ['AADServicePrincipalSignInLogs', 'service_principal'], ['AADManagedIdentitySignInLogs', 'managed_identity']]) {
      expect(await kind({ ...analytics, Type: table })).toBe(expected);
    }
    expect(await kind(bare)).toBe('interactive_user');
    expect(await kind({ ...bare, isInteractive: false })).toBe('non_interactive_user');
    expect(await kind(workload)).toBe('service_principal');
    expect(await kind({ ...workload, managedServiceIdentity: { msiType: 'userAssigned' } })).toBe('managed_identity');
    expect(await kind({ ...workload, managedServiceIdentity: { msiType: 'none' }, clientCredentialType: 'clientSecret' })).toBe('service_principal');
    expect(await kind({ ...workload, clientCredentialType: 'managedIdentity' })).toBe('managed_identity');
    expect(await kind({ ...workload, servicePrincipalId: null })).toMatch(/^field signInEventTypes: expected one of the four kinds/);
  });

  it('makes empty and all-zero ids null, and 0.0.0.0 no address', async () => {
    const zero = '00000000-0000-0000-0000-000000000000';
    expect(await one('sign_ins', { ...graph, userId: zero, correlationId: zero, appId: '', resourceId: null, sessionId: ' ', ipAddress: '0.0.0.0', servicePrincipalId: USER })).toMatchObject({
      user_id: null, object_id: USER, correlation_id: null, app_id: null, resource_id: null, entra_session_id: null, ip_address: null,
    });
    expect((await one('sign_ins', { ...graph, id: zero }))['reject_reason']).toBe('field id: expected the id of the sign-in, found none');
    expect((await one('sign_ins', { ...analytics, Id: undefined }))['reject_reason']).toBe('field Id: expected the id of the sign-in, found none');
  });

  it('counts the fields that say something (RULINGS 19)', async () => {
    const filled = async (row: object): Promise<number> => Number((await one('sign_ins', row))['filled_fields']);
    const base = await filled(graph);
    expect(base).toBe(Object.keys(graph).length);
    expect(await filled({ ...graph, a: null, b: '', c: [], d: {} })).toBe(base);
    expect(await filled({ ...graph, a: 0, b: false, c: 'x' })).toBe(base + 3);
    expect(await filled(line)).toBe(4);
  });

  it('takes values of any type where text is due, without an error', async () => {
    for (const odd of [null, 7, true, [], {}, [null], { a: [1] }, '\u0000', '\\', '{"a":', '𝒳'.repeat(100)]) {
      const everywhere = (row: object): object => Object.fromEntries(Object.keys(row).map((key) => [key, odd]));
      await staged('sign_ins', [{ ...graph, status: odd, agent: odd, userId: odd, uniqueTokenIdentifier: odd, signInEventTypes: odd }, everywhere(graph), everywhere(analytics),
        { ...line, properties: everywhere(line.properties) }, { ...line, resourceId: odd, time: odd }]);
    }
  });
});

describe('whatever JSON stands in a known record', () => {
  it('is staged or rejected, one row a record, without an error', async () => {
    const shapes = [graph, analytics, line, line.properties, { category: 'SignInLogs', properties: graph }];
    const record = fc.tuple(fc.constantFrom<object>(...shapes), fc.array(fc.tuple(fc.nat(), fc.jsonValue({ maxDepth: 3 })), { maxLength: 6 })).map(([shape, changes]): object => {
      const names = Object.keys(shape);
      return { ...shape, ...Object.fromEntries(changes.map(([index, value]) => [names[index % names.length] ?? 'id', value])) };
    });
    await fc.assert(fc.asyncProperty(fc.array(record, { minLength: 10, maxLength: 10 }), async (records) => {
      const rows = await staged('sign_ins', records);
      const framed = [...frames(Buffer.from(JSON.stringify(records)), 'file')].filter((result) => result.kind === 'record' && result.form.endsWith('sign_ins'));
      expect(rows).toHaveLength(framed.length);
      for (const row of rows) {
        if (row['reject_reason'] === null) for (const needed of ['tenant_id', 'sign_in_id', 'created_at', 'sign_in_kind', 'is_success']) expect(row[needed]).not.toBeNull();
        else expect(row['reject_reason']).not.toMatch(/\p{Cc}/u);
      }
    }), { numRuns: 60 });
  }, 60_000);
});

const auditRow = {
  id: 'Directory_X', category: 'UserManagement', result: 'success', activityDisplayName: 'Disable account', activityDateTime: '2026-01-15T09:00:00Z', correlationId: ID,
  initiatedBy: { user: { id: USER.toUpperCase(), userPrincipalName: 'admin@example.com', displayName: 'Admin' }, app: null },
  targetResources: [{ id: APP, type: 'User', userPrincipalName: 'ada@example.com', displayName: null, modifiedProperties: [] }],
};

describe('directory_audits', () => {
  const expected = {
    tenant_id: TENANT, audit_id: 'Directory_X', activity_at: '2026-01-15T09:00:00Z', activity_name: 'Disable account', category: 'UserManagement', result: 'success',
    initiated_by_object_id: USER, initiated_by_name: 'admin@example.com', correlation_id: ID, reject_reason: null,
    targets: [{ object_id: APP, object_type: 'User', user_principal_name: 'ada@example.com', display_name: null }],
  };
  it('reads all three spellings alike', async () => {
    expect(await one('directory_audits', auditRow, { source: { tenantId: TENANT } })).toMatchObject(expected);
    expect(await one('directory_audits', { category: 'AuditLogs', tenantId: TENANT, properties: auditRow })).toMatchObject(expected);
    expect(await one('directory_audits', { category: 'AuditLogs', tenantid: TENANT, properties: JSON.stringify(auditRow) })).toMatchObject(expected);
    const pascal = Object.fromEntries(Object.entries(auditRow).map(([key, value]) => [key.replace(/^./, (letter) => letter.toUpperCase()), value]));
    expect(await one('directory_audits', { ...pascal, AADTenantId: TENANT, Type: 'AuditLogs' })).toMatchObject(expected);
    const asText = Object.fromEntries(Object.entries(pascal).map(([key, value]) => [key, typeof value === 'string' ? value : JSON.stringify(value)]));
    expect(await one('directory_audits', { ...asText, AADTenantId: TENANT, Type: 'AuditLogs' })).toMatchObject(expected);
  });

  it('names an app as the initiator by its service principal', async () => {
    const row = { ...auditRow, initiatedBy: { user: null, app: { servicePrincipalId: USER, displayName: 'Sync' } }, targetResources: null };
    expect(await one('directory_audits', row, { source: { tenantId: TENANT } })).toMatchObject({ initiated_by_object_id: USER, initiated_by_name: 'Sync', targets: [] });
  });

  it('rejects a row without id, time or tenant', async () => {
    const reason = async (changes: object, options: StagingOptions = { source: { tenantId: TENANT } }): Promise<unknown> => (await one('directory_audits', { ...auditRow, ...changes }, options))['reject_reason'];
    expect(await reason({ id: '' })).toBe('field id: expected the id of the audit row, found none');
    expect(await reason({ activityDateTime: undefined })).toBe('field activityDateTime: expected a time, found none');
    expect(await reason({ activityDateTime: 'x' })).toBe('field activityDateTime: expected a time, found "x"');
    expect(await reason({}, {})).toMatch(/^field tenantId: expected the tenant's id, found none, and the source names no tenant/);
  });

  it('takes values of any type where objects are due', async () => {
    for (const odd of [null, 7, 'text', [], {}, [null], [7], { user: 7 }, { user: { id: { a: 1 } } }, '[{"id":', '[[]]']) {
      const row = await one('directory_audits', { ...auditRow, initiatedBy: odd, targetResources: odd }, { source: { tenantId: TENANT } });
      expect(row['reject_reason']).toBeNull();
    }
  });
});

describe('identity_registry', () => {
  it('reads CSV and JSON, and says what is missing', async () => {
    const csv = 'issuer,audience,subject,tenant_id,object_id,name,kind\r\n'
      + `https://sts.windows.net/${TENANT}/,api://jobs,SuB-1,${TENANT.toUpperCase()},${USER},Ada,Person\r\n`
      + `login.example.com,a,s,${TENANT},${USER},,robot\r\n`
      + `,a,s,${TENANT},${USER},,\r\n`;
    await addFrames(database, frameRegistry(Buffer.from(csv), 'registry.csv'), 1);
    const rows = await stagedRows<SqlRow>(database, 'identity_registry');
    expect(rows).toMatchObject([
      { issuer: `sts.windows.net/${TENANT}`, audience: 'api://jobs', subject: 'SuB-1', tenant_id: TENANT, object_id: USER, name: 'Ada', kind: 'person', reject_reason: null },
      { issuer: 'login.example.com', kind: 'robot', reject_reason: 'field kind: expected person, workload or agent, found "robot"' },
      { reject_reason: "field issuer: expected the token's issuer, found none" },
    ]);
  });
});

describe('every staging file here', () => {
  it('gives exactly its table’s columns, and rows that the table takes', async () => {
    await database.file(new URL('../queries/staging/tables.sql', import.meta.url).pathname);
    const task = { id: 't', source: 'aws.ecs', 'detail-type': 'ECS Task State Change', account: '111122223333', time: '2026-01-15T09:00:00Z', detail: { taskArn: 'arn:aws:ecs:eu-west-1:111122223333:task/c/abc' } };
    const contents = [graph, analytics, line, { category: 'AuditLogs', tenantId: TENANT, properties: auditRow }, task, { ...task, 'detail-type': 'ECS Service Action' }];
    await addFrames(database, frames(Buffer.from(contents.map((content) => JSON.stringify(content)).join('\n')), 'f'), 1);
    await addFrames(database, frameRegistry(Buffer.from(JSON.stringify({ issuer: 'i', audience: 'a', subject: 's', tenant_id: 't', object_id: 'o' })), 'f'), 2);
    const expected: [StagingFile, number][] = [['sign_ins', 3], ['directory_audits', 1], ['task_events', 1], ['ecs_events', 1], ['identity_registry', 1]];
    for (const [file, rows] of expected) {
      const sql = (await stagingSql(file)).trim();
      const columns = await database.all<{ column_name: string; column_type: string }>(`select column_name, column_type from (describe ${sql})`);
      const table = await database.all<{ column_name: string; column_type: string }>(`select column_name, column_type from (describe stg_${file})`);
      expect(columns.filter(({ column_name: name }) => name !== 'reject_reason'), file).toEqual(table);
      await database.run(`insert into stg_${file} by name select * exclude (reject_reason) from (${sql}) where reject_reason is null`);
      expect(await database.get(`select count(*)::integer as number from stg_${file}`)).toEqual({ number: rows });
    }
  });
});
