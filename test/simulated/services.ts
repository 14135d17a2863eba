/**
 * All services of the simulated week: doubles fed from one world, and the sources that read from them through the real SDKs.
 */
import type { AccessToken, TokenCredential } from '@azure/identity';
import { awsDouble, type AwsDouble } from '../../fixtures/doubles/aws-json.ts';
import type { DoubleRequest, DoubleServer, Fault } from '../../fixtures/doubles/double-server.ts';
import { graphDouble, type GraphLogRow } from '../../fixtures/doubles/graph.ts';
import { logAnalyticsDouble } from '../../fixtures/doubles/log-analytics.ts';
import { s3Double } from '../../fixtures/doubles/s3.ts';
import { worldFeed, type FeedOptions, type WorldFeed } from '../../fixtures/doubles/world-feed.ts';
import type { World } from '../../fixtures/world/index.ts';
import { configSchema, type Config, type ConfigSpec } from '../../src/config/config.ts';
import { cloudtrailLookup } from '../../src/sources/cloudtrail-lookup/index.ts';
import { cloudtrailS3 } from '../../src/sources/cloudtrail-s3/index.ts';
import { cloudwatchLogs } from '../../src/sources/cloudwatch-logs/index.ts';
import { entraGraph } from '../../src/sources/entra-graph/index.ts';
import { entraLogs } from '../../src/sources/entra-logs/index.ts';
import type { Source } from '../../src/sources/source.ts';

/** What befalls a request to a service; told which. */
export type FaultScript = (service: string, request: DoubleRequest) => Fault | undefined;

export interface Services {
  readonly feed: WorldFeed;
  readonly config: Config;
  /** New clients each time, as a new process has them. `firstDays`: how far back the first pull begins. */
  readonly sources: (firstDays: number, requestTimeoutMs: number) => Source[];
  /** Requests so far, faults among them. */
  readonly requests: () => number;
  readonly faults: () => number;
  readonly close: () => Promise<void>;
}

const BUCKET = 'example-org-trail';
const KEY = 'AKIADOUBLE0000000001';
const EVENT_TYPES = { interactive_user: 'interactiveUser', non_interactive_user: 'nonInteractiveUser', service_principal: 'servicePrincipal', managed_identity: 'managedIdentity' } as const;

/** A workspace of its own for each tenant that isn't read through Graph. */
const workspaceId = (tenantId: string): string => `0a0a0a0a${tenantId.slice(8)}`;

const token: TokenCredential = {
  getToken: async (): Promise<AccessToken> => Promise.resolve({ token: 'graph-of-the-simulated-week', expiresOnTimestamp: Date.now() + 3_600_000 }),
};

/**
 * The main tenant is read through Graph, the others through Log Analytics; CloudTrail through its bucket, one account through
 * LookupEvents as well; ECS events out of log groups.
 * @param now the services' clock, ms since 1970 UTC
 */
export async function startServices(world: World, now: () => number, fault: FaultScript, options: Partial<FeedOptions> = {}): Promise<Services> {
  const feed = worldFeed(world, options);
  const { accounts, tenants } = world.estate;
  const others = [...new Set(feed.signIns.map(({ tenantId }) => tenantId))].filter((id) => id !== tenants.main.id).sort();
  const scopes = [...feed.ecsEvents.keys()].sort();
  const credentials = { accessKeyId: KEY, secretAccessKey: 'double' };
  const scopesOf = (accountId: string): string[] => scopes.filter((scope) => scope.startsWith(`${accountId}/`));
  const groupName = '/aws/events/ecs';
  const on = (service: string) => (request: DoubleRequest): Fault | undefined => fault(service, request);

  const s3 = await s3Double({
    now, bucket: BUCKET, objects: () => feed.objects.map(({ key, bytes, visibleAt }) => ({ key, body: bytes, visibleAt })), keys: [KEY], fault: on('s3'), pageSize: 200,
  });
  const aws: AwsDouble[] = [];
  const awsOf = new Map<string, AwsDouble>();
  for (const accountId of new Set([accounts.prod.id, ...scopes.map((scope) => scope.slice(0, 12))])) {
    const started = await awsDouble({
      now, keys: { [KEY]: accountId },
      cloudTrail: { records: () => feed.cloudTrail.map(({ body, id, ...rest }) => ({ ...rest, eventId: id, body: JSON.stringify(body) })) },
      logs: {
        pageSize: 100,
        groups: scopesOf(accountId).map((scope) => ({
          accountId, region: scope.split('/')[1] ?? '', name: groupName,
          events: () => (feed.ecsEvents.get(scope) ?? []).map(({ id, at, visibleAt, body }) => ({ id, stream: 'ecs', at, ingestedAt: visibleAt, message: JSON.stringify(body) })),
        })),
      },
      fault: on('aws'),
    });
    aws.push(started);
    awsOf.set(accountId, started);
  }
  const rowOf = ({ id, at, visibleAt, body, kind }: WorldFeed['signIns'][number]): GraphLogRow => ({ id, at, visibleAt, body, eventType: EVENT_TYPES[kind] });
  const graph = await graphDouble({
    now, fault: on('graph'), pageSize: 40, throttle: {},
    signIns: () => feed.signIns.filter(({ tenantId }) => tenantId === tenants.main.id).map(rowOf),
    directoryAudits: () => feed.audits.filter(({ tenantId }) => tenantId === tenants.main.id),
  });
  const workspaces = new Map<string, DoubleServer>();
  for (const tenantId of others) {
    workspaces.set(tenantId, await logAnalyticsDouble({
      now, workspaceId: workspaceId(tenantId), fault: on('log-analytics'), rowLimit: 60,
      emptyTables: ['SigninLogs', 'AADNonInteractiveUserSignInLogs', 'AADServicePrincipalSignInLogs', 'AADManagedIdentitySignInLogs', 'AuditLogs'],
      rows: () => feed.logRows.filter((row) => row.tenantId === tenantId).map(({ table, visibleAt, body }) => ({ table, ingestedAt: visibleAt, visibleAt, columns: body })),
    }));
  }

  const spec: ConfigSpec = {
    ...world.config,
    sources: [
      { type: 'cloudtrail-s3', id: 'trail', bucket: BUCKET, endpoint: s3.url },
      { type: 'cloudtrail-lookup', id: 'lookup', endpoint: awsOf.get(accounts.prod.id)?.url, accounts: [{ account_id: accounts.prod.id }], regions: ['eu-central-1'] },
      { type: 'entra-graph', id: 'graph', tenant_id: tenants.main.id, endpoint: graph.url, snapshot_hours: 0 },
      ...others.map((tenantId, index) => ({
        type: 'entra-logs' as const, id: `workspace-${index + 1}`, tenant_id: tenantId, workspace_id: workspaceId(tenantId), endpoint: workspaces.get(tenantId)?.url,
      })),
      ...scopes.map((scope) => {
        const [accountId = '', region = ''] = scope.split('/');
        return {
          type: 'cloudwatch-logs' as const, id: `ecs-${accountId}-${region}`, region, account_id: accountId, endpoint: awsOf.get(accountId)?.url,
          groups: [{ name: groupName, holds: 'ecs_events' as const }],
        };
      }),
    ],
  };
  const config = configSchema.parse(spec);
  const make = (source: Config['sources'][number], requestTimeoutMs: number): Source => {
    const given = { credentials: async () => Promise.resolve(credentials), connectTimeoutMs: 2000, requestTimeoutMs };
    switch (source.type) {
      case 'cloudtrail-s3': return cloudtrailS3(source, given);
      case 'cloudtrail-lookup': return cloudtrailLookup(source, given);
      case 'cloudwatch-logs': return cloudwatchLogs(source, given);
      case 'entra-graph': return entraGraph(source, { credential: token, ca: graph.certificate });
      case 'entra-logs': return entraLogs(source, { credential: token, ca: workspaces.get(source.tenant_id)?.certificate ?? '', requestTimeoutMs });
      case 'files': throw new Error('the simulated week reads no files');
    }
  };
  const servers = [s3.server, ...aws.map(({ server }) => server), graph.server, ...workspaces.values()];
  const total = (of: (server: DoubleServer) => unknown[]): number => servers.reduce((sum, server) => sum + of(server).length, 0);
  return {
    feed, config, sources: (firstDays, requestTimeoutMs) => config.sources.map((source) => make({ ...source, first_days: firstDays }, requestTimeoutMs)),
    requests: () => total((server) => server.requests), faults: () => total((server) => server.faults),
    close: async () => { await Promise.all(servers.map(async (server) => server.close())); },
  };
}
