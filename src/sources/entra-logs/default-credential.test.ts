import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import type { DoubleServer } from '../../../fixtures/doubles/double-server.ts';
import { logAnalyticsDouble } from '../../../fixtures/doubles/log-analytics.ts';
import { managedIdentityDouble, type ManagedIdentityDouble } from '../../../fixtures/doubles/managed-identity.ts';
import { checked, FakeClock, pulled } from '../../../test/pulled.ts';
import { entraLogsSchema } from '../../config/sources/entra-logs.ts';
import { logsCloud } from './cloud.ts';
import { entraLogs } from './index.ts';

const WORKSPACE = '22222222-2222-4222-8222-222222222222';
const START = '2026-01-15T10:00:00.000Z';
const AT = Date.parse(START) - 3_600_000;
const ROW = { table: 'AuditLogs', ingestedAt: AT, visibleAt: AT, columns: { Id: 'audit-1', Type: 'AuditLogs', TimeGenerated: '2026-01-15T08:59:00Z', AADTenantId: '' } };

const CLIENT = '77777777-7777-4777-8777-777777777701';

// Azure's client remembers for the whole process where the identity endpoint is: all cases share one.
let identity: ManagedIdentityDouble;
beforeAll(async () => {
  identity = await managedIdentityDouble({ now: Date.now, clientId: CLIENT });
});
afterAll(async () => identity.close());
const open: DoubleServer[] = [];
afterEach(async () => {
  vi.unstubAllEnvs();
  await Promise.all(open.splice(0).map(async (double) => double.close()));
});

/** A workspace that takes only tokens which the identity endpoint gave, and an environment like that of a host with a managed identity. */
async function host(resource: string): Promise<{ logs: DoubleServer; clock: FakeClock }> {
  const clock = new FakeClock(START);
  const logs = await logAnalyticsDouble({
    now: () => clock.ms, workspaceId: WORKSPACE, rows: () => [ROW],
    authorize: (authorization) => (identity.accepts(authorization, resource) ? 'ok' : 'unauthenticated'),
  });
  open.push(logs);
  for (const [name, value] of Object.entries(identity.environment)) vi.stubEnv(name, value);
  for (const name of ['AZURE_CLIENT_ID', 'AZURE_TENANT_ID', 'AZURE_CLIENT_SECRET', 'AZURE_TOKEN_CREDENTIALS', 'AZURE_FEDERATED_TOKEN_FILE']) vi.stubEnv(name, undefined);
  return { logs, clock };
}

const config = (logs: DoubleServer, more: object) => entraLogsSchema.parse({
  type: 'entra-logs', id: 'logs', tenant_id: '11111111-1111-4111-8111-111111111111', workspace_id: WORKSPACE, endpoint: logs.url,
  sign_in_kinds: ['interactive_user'], ...more,
});

describe('the default chain', () => {
  it.each([
    ['AzureCloud', 'https://api.loganalytics.io'],
    ['AzureUSGovernment', 'https://api.loganalytics.us'],
    ['AzureChinaCloud', 'https://api.loganalytics.azure.cn'],
  ])('gets a managed identity\'s token for %s', async (cloud, resource) => {
    const { logs, clock } = await host(resource);
    const before = identity.given();
    const source = entraLogs(config(logs, { cloud, client_id: CLIENT }), { ca: logs.certificate ?? '' });
    const result = await pulled(source, { clock });
    expect(result.bodies).toHaveLength(1);
    // SigninLogs isn't there: the one failure.
    expect(result.failures.map(({ stream }) => stream)).toEqual(['SigninLogs']);
    expect(identity.given()).toBe(before + 1);
    expect(identity.server.requests.at(-1)?.url.searchParams.get('resource')).toBe(resource);
    const check = await checked(source, clock);
    expect(check[0]).toMatchObject({ outcome: 'ok' });
  });

  it('says so when no credential of the chain gives a token', async () => {
    const { logs, clock } = await host('https://api.loganalytics.io');
    // Only managed identities are tried: no program on this machine is asked for a token.
    vi.stubEnv('AZURE_TOKEN_CREDENTIALS', 'ManagedIdentityCredential');
    const source = entraLogs(config(logs, { client_id: '77777777-7777-4777-8777-7777777777ff', deadline_minutes: 1 }), { ca: logs.certificate ?? '' });
    const result = await pulled(source, { clock });
    expect(result.failures[0]?.message).toContain('no credential gave a token');
    expect(result.failures[0]?.hint).toContain('managed identity');
    expect(JSON.stringify([result.failures, result.events])).not.toContain(identity.environment.IDENTITY_HEADER);
    expect(logs.requests).toEqual([]);
  });
});

describe('logsCloud', () => {
  it('gives sovereign clouds their endpoint, scope and authority', () => {
    expect(logsCloud({ cloud: 'AzureUSGovernmentDoD' })).toEqual({
      endpoint: 'https://api.loganalytics.us/v1', scope: 'https://api.loganalytics.us/.default', authorityHost: 'https://login.microsoftonline.us',
    });
    expect(logsCloud({ cloud: 'AzureChinaCloud' })).toEqual({
      endpoint: 'https://api.loganalytics.azure.cn/v1', scope: 'https://api.loganalytics.azure.cn/.default', authorityHost: 'https://login.chinacloudapi.cn',
    });
    expect(logsCloud({ cloud: 'AzureCloud', endpoint: 'https://127.0.0.1:8443/' }).endpoint).toBe('https://127.0.0.1:8443/v1');
  });
});
