import { afterEach, describe, expect, it } from 'vitest';
import type { DoubleServer } from '../../../fixtures/doubles/double-server.ts';
import { logAnalyticsDouble, type LogAnalyticsOptions } from '../../../fixtures/doubles/log-analytics.ts';
import { checked, FakeClock } from '../../../test/pulled.ts';
import { entraLogsSchema } from '../../config/sources/entra-logs.ts';
import type { CheckResult } from '../source.ts';
import { entraLogs } from './index.ts';

const WORKSPACE = '22222222-2222-4222-8222-222222222222';
const START = '2026-01-15T10:00:00.000Z';
const DAY = 86_400_000;

const open: DoubleServer[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map(async (double) => double.close()));
});

interface Setup extends Partial<LogAnalyticsOptions> {
  readonly clock: FakeClock;
  /** Days before START on which a row of the table was generated. */
  readonly held?: Readonly<Record<string, readonly number[]>>;
  readonly token?: () => Promise<{ token: string; expiresOnTimestamp: number }>;
}

async function check({ clock, held = {}, token, ...more }: Setup): Promise<CheckResult[]> {
  const rows = Object.entries(held).flatMap(([table, days]) => days.map((ago, index) => {
    const at = Date.parse(START) - ago * DAY;
    return { table, ingestedAt: at, visibleAt: at, columns: { Id: `${table}-${index}`, Type: table, TimeGenerated: new Date(at).toISOString() } };
  }));
  const double = await logAnalyticsDouble({ now: () => clock.ms, workspaceId: WORKSPACE, rows: () => rows, ...more });
  open.push(double);
  const config = entraLogsSchema.parse({
    type: 'entra-logs', id: 'logs', tenant_id: '11111111-1111-4111-8111-111111111111', workspace_id: WORKSPACE, endpoint: double.url,
    sign_in_kinds: ['interactive_user', 'service_principal'], deadline_minutes: 1,
  });
  const credential = { getToken: token ?? (async () => Promise.resolve({ token: 'a-token-that-nobody-may-see', expiresOnTimestamp: Date.now() + DAY })) };
  const results = await checked(entraLogs(config, { credential, ca: double.certificate ?? '', requestTimeoutMs: 400 }), clock);
  expect(JSON.stringify(results)).not.toContain('nobody-may-see');
  return results;
}

const outcomes = (results: readonly CheckResult[]): string[] => results.map(({ what, outcome }) => `${what}: ${outcome}`);

describe('check', () => {
  it('finds token, workspace, clock and tables well, and says how far back each reaches', async () => {
    const results = await check({ clock: new FakeClock(START), held: { SigninLogs: [1, 2, 40], AADServicePrincipalSignInLogs: [3], AuditLogs: [0.5] } });
    expect(outcomes(results)).toEqual([
      'get a token for Azure Monitor logs: ok', 'query the workspace: ok', 'compare clocks with the log service: ok',
      'read SigninLogs: ok', 'read AADServicePrincipalSignInLogs: ok', 'read AuditLogs: ok',
    ]);
    expect(results[3]?.found).toMatch(/^2 in 7 days, rows from 2025-12-06T10:00:00\.000Z to 2026-01-14T10:00:00\.000Z$/);
    expect(results[4]?.found).toContain('reaches back less than first_days (7)');
  });

  it('names the category of a table that is missing, quiet or empty', async () => {
    const results = await check({ clock: new FakeClock(START), held: { SigninLogs: [20] }, emptyTables: ['AuditLogs'] });
    expect(outcomes(results).slice(3)).toEqual(['read SigninLogs: warning', 'read AADServicePrincipalSignInLogs: missing', 'read AuditLogs: warning']);
    expect(results[3]?.found).toContain('none in 7 days');
    expect(results[4]?.fix).toContain('switch on the category ServicePrincipalSignInLogs');
    expect(results[5]?.fix).toContain('sends AuditLogs to this workspace');
  });

  it('names the role that is missing, and tries no table without it', async () => {
    const results = await check({ clock: new FakeClock(START), authorize: () => 'forbidden' });
    expect(outcomes(results)).toEqual([
      'get a token for Azure Monitor logs: ok', 'query the workspace: missing',
      'read SigninLogs: not_tried', 'read AADServicePrincipalSignInLogs: not_tried', 'read AuditLogs: not_tried',
    ]);
    expect(results[1]?.fix).toContain('Microsoft.OperationalInsights/workspaces/query/read');
  });

  it('tells a wrong workspace', async () => {
    const results = await check({ clock: new FakeClock(START), workspaceId: '99999999-9999-4999-8999-999999999999' });
    expect(results[1]).toMatchObject({ outcome: 'missing' });
    expect(results[1]?.fix).toContain('workspace_id');
  });

  it('warns of a clock that is off', async () => {
    const clock = new FakeClock(START);
    const results = await check({ clock, now: () => clock.ms - 12 * 60_000 });
    expect(results[2]).toMatchObject({ outcome: 'warning', found: 'this machine is 720.0 s ahead' });
  });

  it('says what to give where no credential gives a token, with Entra\'s code and nothing of its sentence', async () => {
    const refusedToken = Object.assign(new Error('AADSTS7000215: Invalid client secret nobody-may-see'), { name: 'AuthenticationError' });
    const results = await check({ clock: new FakeClock(START), token: async () => Promise.reject(refusedToken) });
    expect(results[0]).toMatchObject({ outcome: 'missing', found: 'no credential gave a token (AuthenticationError, AADSTS7000215)' });
    expect(results[1]?.outcome).toBe('not_tried');
  });

  it('says that a service in trouble failed, not that something is missing', async () => {
    const results = await check({ clock: new FakeClock(START), fault: () => ({ kind: 'status', status: 503 }) });
    expect(results[1]?.outcome).toBe('failed');
    expect(results[1]?.found).toContain('HTTP 503');
    expect(results[1]?.fix).toBeUndefined();
  });
});
