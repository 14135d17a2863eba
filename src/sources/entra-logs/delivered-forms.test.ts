/**
 * What the source delivers is what framing and staging read: the world's rows through the double and the real client.
 */
import { afterEach, describe, expect, it } from 'vitest';
import type { DoubleServer } from '../../../fixtures/doubles/double-server.ts';
import { logAnalyticsDouble, type LogAnalyticsOptions, type LogAnalyticsRow } from '../../../fixtures/doubles/log-analytics.ts';
import { worldFeed } from '../../../fixtures/doubles/world-feed.ts';
import { makeWorld } from '../../../fixtures/world/index.ts';
import { addFrames, framedDatabase, stagedRows } from '../../../test/framed-relation.ts';
import { FakeClock, pulled } from '../../../test/pulled.ts';
import { entraLogsSchema } from '../../config/sources/entra-logs.ts';
import type { Frame, FrameResult } from '../../landing/frame.ts';
import { frames } from '../../landing/framing.ts';
import { entraLogs } from './index.ts';

const TENANT = '11111111-1111-4111-8111-111111111111';
const WORKSPACE = '22222222-2222-4222-8222-222222222222';
const TABLES = ['SigninLogs', 'AADNonInteractiveUserSignInLogs', 'AADServicePrincipalSignInLogs', 'AADManagedIdentitySignInLogs', 'AuditLogs'];

const open: DoubleServer[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map(async (double) => double.close()));
});

/** Everything that a pull at `at` delivers, framed. */
async function framed(rows: readonly LogAnalyticsRow[], at: number, more: Partial<LogAnalyticsOptions> = {}): Promise<FrameResult[]> {
  const clock = new FakeClock(new Date(at).toISOString());
  const double = await logAnalyticsDouble({ now: () => clock.ms, workspaceId: WORKSPACE, rows: () => rows, emptyTables: TABLES, ...more });
  open.push(double);
  const config = entraLogsSchema.parse({ type: 'entra-logs', id: 'logs', tenant_id: TENANT, workspace_id: WORKSPACE, endpoint: double.url, first_days: 60 });
  const credential = { getToken: async () => Promise.resolve({ token: 'token', expiresOnTimestamp: Date.now() + 3_600_000 }) };
  const { steps, failures } = await pulled(entraLogs(config, { credential, ca: double.certificate ?? '' }), { clock });
  expect(failures).toEqual([]);
  return steps.flatMap(({ delivered }) => delivered).flatMap(({ bytes, origin }) => [...frames(bytes, origin)]);
}

const read = (frame: Frame): Record<string, unknown> => JSON.parse((frame.stagingJson ?? frame.bytes).toString('utf8')) as Record<string, unknown>;

const world = makeWorld({ days: 2, eventsPerDay: 40 });
const feed = worldFeed(world);
const worldRows = feed.logRows.map(({ table, visibleAt, body }): LogAnalyticsRow => ({ table, ingestedAt: visibleAt, visibleAt, columns: body }));

describe.each(['text', 'json'] as const)('rows whose dynamic values come as %s', (dynamicAs) => {
  it('are framed one for one, as their table\'s form, with nothing rejected', async () => {
    const results = await framed(worldRows, feed.settledAt + 3_600_000, { dynamicAs });
    const records = results.filter((result) => result.kind === 'record');
    expect(results.filter((result) => result.kind !== 'record')).toEqual([]);
    expect(records).toHaveLength(worldRows.length);
    for (const table of TABLES) {
      const own = records.filter(({ envelope }) => envelope.table === table);
      expect(own).toHaveLength(worldRows.filter((row) => row.table === table).length);
      expect(own.length).toBeGreaterThan(0);
      expect(new Set(own.map(({ form }) => form))).toEqual(new Set([table === 'AuditLogs' ? 'log_analytics_directory_audits' : 'log_analytics_sign_ins']));
    }
  });

  it('are staged with nothing rejected, with every sign-in and audit of the world', async () => {
    const results = await framed(worldRows, feed.settledAt + 3_600_000, { dynamicAs });
    const database = await framedDatabase();
    try {
      await addFrames(database, results, 1, { source: { tenantId: TENANT } });
      const signIns = await stagedRows<{ sign_in_id: string; is_success: boolean; reject_reason: string | null }>(database, 'sign_ins');
      const audits = await stagedRows<{ audit_id: string; targets: unknown[]; reject_reason: string | null }>(database, 'directory_audits');
      expect([...signIns, ...audits].filter((one) => one.reject_reason !== null)).toEqual([]);
      expect(new Set(signIns.map((one) => one.sign_in_id))).toEqual(new Set(feed.signIns.map(({ id }) => id)));
      expect(new Set(audits.map((one) => one.audit_id))).toEqual(new Set(feed.audits.map(({ id }) => id)));
      expect(signIns.some((one) => one.is_success)).toBe(true);
      expect(audits.some(({ targets }) => targets.length > 0)).toBe(true);
    } finally {
      database.close();
    }
  });
});

describe('a row', () => {
  const at = Date.parse('2026-01-15T10:00:00.000Z');
  const columns = {
    Id: '77777777-7777-4777-8777-777777777777', Type: 'AADServicePrincipalSignInLogs', TimeGenerated: '2026-01-15T09:50:01.1234567Z', AppId: '88888888-8888-4888-8888-888888888888',
    ServicePrincipalId: '99999999-9999-4999-8999-999999999999', ResultType: '0', IPAddress: '192.0.2.9', UniqueTokenIdentifier: 'AAAAAAAAAAAAAAAAAAAAAA', Category: 'ServicePrincipalSignInLogs',
  };

  it('keeps 100 ns, and says when it was ingested', async () => {
    const rows = [{ table: 'AADServicePrincipalSignInLogs', ingestedAt: at - 60_000, visibleAt: at, columns: { ...columns, CreatedDateTime: '2026-01-15T09:49:59.7654321Z', AADTenantId: TENANT } }];
    const [frame] = await framed(rows, at);
    expect(frame?.kind).toBe('record');
    expect(read(frame as Frame)).toMatchObject({
      TimeGenerated: '2026-01-15T09:50:01.1234567Z', CreatedDateTime: '2026-01-15T09:49:59.7654321Z', _IngestionTime: '2026-01-15T09:59:00.0000000Z',
    });
    expect((frame as Frame).bytes.toString('utf8')).toContain('"2026-01-15T09:49:59.7654321Z"');
  });

  it('is staged without CreatedDateTime and AADTenantId, as the service-principal table was documented', async () => {
    const results = await framed([{ table: 'AADServicePrincipalSignInLogs', ingestedAt: at - 60_000, visibleAt: at, columns }], at);
    const database = await framedDatabase();
    try {
      await addFrames(database, results, 1, { source: { tenantId: TENANT } });
      expect(await stagedRows(database, 'sign_ins')).toMatchObject([
        { tenant_id: TENANT, sign_in_id: columns.Id, sign_in_kind: 'service_principal', object_id: columns.ServicePrincipalId, is_success: true, reject_reason: null },
      ]);
    } finally {
      database.close();
    }
  });

  it('is the same bytes whatever order the service holds rows in', async () => {
    const same = (index: number): LogAnalyticsRow => ({
      table: 'AADServicePrincipalSignInLogs', ingestedAt: at - 60_000, visibleAt: at, columns: { ...columns, Id: index < 3 ? columns.Id : `id-${index}`, CorrelationId: `c-${index}` },
    });
    const rows = Array.from({ length: 6 }, (_, index) => same(index));
    const [one, other] = [await framed(rows, at), await framed(rows.toReversed(), at)];
    expect(one).toHaveLength(6);
    const bytes = (results: readonly FrameResult[]): string[] => results.map((result) => (result as Frame).bytes.toString('utf8'));
    expect(bytes(other)).toEqual(bytes(one));
  });
});
