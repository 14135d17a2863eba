/**
 * `node dist/bench/sources.js SOURCE [records]`: a week's first pull of one source through its real SDK from a double on loopback.
 * The baseline is the double's own bare read rate: the very requests that the source sent, sent once more over plain http(s), as
 * many at a time. Also printed: requests against the least possible, and memory over the days of the week.
 *
 * The clock is the pull's own and moves with its waits, so that a service's pace (2 requests a second) costs no time here.
 */
import { randomUUID } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { awsDouble } from '../fixtures/doubles/aws-json.ts';
import type { DoubleServer } from '../fixtures/doubles/double-server.ts';
import { graphDouble } from '../fixtures/doubles/graph.ts';
import { logAnalyticsDouble } from '../fixtures/doubles/log-analytics.ts';
import { bareSeconds } from '../fixtures/doubles/replay.ts';
import { s3Double } from '../fixtures/doubles/s3.ts';
import { configSchema } from '../src/config/config.ts';
import { cloudtrailLookup } from '../src/sources/cloudtrail-lookup/index.ts';
import { cloudtrailS3 } from '../src/sources/cloudtrail-s3/index.ts';
import { cloudwatchLogs } from '../src/sources/cloudwatch-logs/index.ts';
import { entraGraph } from '../src/sources/entra-graph/index.ts';
import { entraLogs } from '../src/sources/entra-logs/index.ts';
import type { Source } from '../src/sources/source.ts';

process.env['AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED'] = 'true';

const END = Date.parse('2026-01-19T00:00:00Z');
const DAYS = 7;
const DAY = 86_400_000;
const START = END - DAYS * DAY;
const ACCOUNT = '111122223333';
const REGION = 'eu-central-1';
const KEY = 'AKIADOUBLE0000000001';
const TENANT = '0aaa0000-1111-4222-8333-444455556666';
/** Objects of a busy region: one in five minutes. */
const OBJECTS = DAYS * 288;

/** What is measured: the source, its double, and the fewest requests that its service could be asked with for as much. */
interface Case {
  readonly source: Source;
  readonly server: DoubleServer;
  readonly leastRequests: number;
  /** Requests that the source may have under way at a time. */
  readonly parallel: number;
}

let now = END;

const aws = { credentials: async () => Promise.resolve({ accessKeyId: KEY, secretAccessKey: 'double' }) };
const azure = { getToken: async () => Promise.resolve({ token: 'graph-of-the-bench', expiresOnTimestamp: Date.now() + 3_600_000 }) };
const at = (index: number, records: number): number => START + Math.floor((index * (END - START - 1)) / records);
const iso = (ms: number): string => new Date(ms).toISOString();

function event(index: number, records: number): Record<string, unknown> {
  return {
    eventVersion: '1.11', eventID: randomUUID(), eventTime: iso(at(index, records)), eventName: 'ListTasks', eventSource: 'ecs.amazonaws.com', awsRegion: REGION,
    recipientAccountId: ACCOUNT, sourceIPAddress: '192.0.2.7', userAgent: 'example/1.0 (a client of some length, as they are)',
    userIdentity: { type: 'AssumedRole', arn: `arn:aws:sts::${ACCOUNT}:assumed-role/Example/session`, accountId: ACCOUNT, accessKeyId: 'ASIAEXAMPLE000000001' },
    requestParameters: { cluster: 'prod', maxResults: 100 }, responseElements: null, requestID: randomUUID(), readOnly: true, eventType: 'AwsApiCall', managementEvent: true,
  };
}

function signIn(index: number, records: number): Record<string, unknown> {
  return {
    id: randomUUID(), createdDateTime: iso(at(index, records)), userId: randomUUID(), userPrincipalName: 'alice@example.com', appId: randomUUID(), ipAddress: '192.0.2.9',
    signInEventTypes: ['interactiveUser'], correlationId: randomUUID(), status: { errorCode: 0 }, resourceTenantId: TENANT, userAgent: 'example/1.0', conditionalAccessStatus: 'success',
  };
}

function only<Type extends string>(config: Record<string, unknown> & { type: Type }): Extract<ReturnType<typeof configSchema.parse>['sources'][number], { type: Type }> {
  const [source] = configSchema.parse({ sources: [{ id: 'bench', first_days: DAYS, ...config }] }).sources;
  return source as Extract<ReturnType<typeof configSchema.parse>['sources'][number], { type: Type }>;
}

const CASES: Readonly<Record<string, (records: number) => Promise<Case>>> = {
  'cloudtrail-s3': async (records) => {
    const each = Math.ceil(records / OBJECTS);
    const objects = Array.from({ length: OBJECTS }, (_, index) => {
      const stamp = START + index * 300_000;
      const [date, time] = [iso(stamp).slice(0, 10), iso(stamp).slice(11, 16).replace(':', '')];
      const body = gzipSync(JSON.stringify({ Records: Array.from({ length: each }, (__, record) => event(index * each + record, records)) }), { level: 1 });
      return { key: `AWSLogs/${ACCOUNT}/CloudTrail/${REGION}/${date.replaceAll('-', '/')}/${ACCOUNT}_CloudTrail_${REGION}_${date.replaceAll('-', '')}T${time}Z_${randomUUID().slice(0, 16)}.json.gz`, body, visibleAt: stamp };
    });
    const double = await s3Double({ now: () => now, bucket: 'example-trail', objects: () => objects, keys: [KEY] });
    const config = only({ type: 'cloudtrail-s3', bucket: 'example-trail', endpoint: double.url });
    return { source: cloudtrailS3(config, aws), server: double.server, leastRequests: OBJECTS + Math.ceil(OBJECTS / 1000), parallel: config.parallel };
  },
  'cloudtrail-lookup': async (records) => {
    const all = Array.from({ length: records }, (_, index) => {
      const body = event(index, records);
      return { accountId: ACCOUNT, region: REGION, eventId: String(body['eventID']), at: at(index, records), visibleAt: at(index, records), body: JSON.stringify(body) };
    });
    const double = await awsDouble({ now: () => now, keys: { [KEY]: ACCOUNT }, cloudTrail: { records: () => all } });
    const config = only({ type: 'cloudtrail-lookup', endpoint: double.url, accounts: [{ account_id: ACCOUNT }], regions: [REGION] });
    return { source: cloudtrailLookup(config, aws), server: double.server, leastRequests: Math.ceil(records / 50), parallel: 1 };
  },
  'cloudwatch-logs': async (records) => {
    const all = Array.from({ length: records }, (_, index) => ({ id: String(index).padStart(56, '3'), stream: 's', at: at(index, records), ingestedAt: at(index, records), message: JSON.stringify(event(index, records)) }));
    const double = await awsDouble({ now: () => now, keys: { [KEY]: ACCOUNT }, logs: { groups: [{ accountId: ACCOUNT, region: REGION, name: 'trail', events: () => all }] } });
    const config = only({ type: 'cloudwatch-logs', endpoint: double.url, region: REGION, account_id: ACCOUNT, groups: [{ name: 'trail', holds: 'cloudtrail' }] });
    return { source: cloudwatchLogs(config, aws), server: double.server, leastRequests: Math.ceil((records * 1000) / (1024 * 1024)), parallel: 1 };
  },
  'entra-graph': async (records) => {
    const all = Array.from({ length: records }, (_, index) => {
      const body = signIn(index, records);
      return { id: String(body['id']), eventType: 'interactiveUser', at: at(index, records), visibleAt: at(index, records), body };
    });
    const double = await graphDouble({ now: () => now, signIns: () => all });
    const config = only({ type: 'entra-graph', endpoint: double.url, tenant_id: TENANT, sign_in_kinds: ['interactive_user'], directory_audits: false, snapshot_hours: 0 });
    return { source: entraGraph(config, { credential: azure, ca: double.certificate }), server: double.server, leastRequests: Math.ceil(records / 1000), parallel: 1 };
  },
  'entra-logs': async (records) => {
    const workspace = '0a0a0a0a-1111-4222-8333-444455556666';
    const rows = Array.from({ length: records }, (_, index) => {
      const { id, createdDateTime, userId, userPrincipalName, ipAddress } = signIn(index, records);
      return { table: 'SigninLogs', ingestedAt: at(index, records), visibleAt: at(index, records), columns: { Id: id, CreatedDateTime: createdDateTime, TimeGenerated: createdDateTime, UserId: userId, UserPrincipalName: userPrincipalName, IPAddress: ipAddress, ResultType: '0', AADTenantId: TENANT, Status: { errorCode: 0 } } };
    });
    const double = await logAnalyticsDouble({ now: () => now, workspaceId: workspace, rows: () => rows });
    const config = only({ type: 'entra-logs', endpoint: double.url, tenant_id: TENANT, workspace_id: workspace, sign_in_kinds: ['interactive_user'], directory_audits: false });
    // An answer of 500,000 rows could not be landed in bounded memory: the least is what our own answers' size allows.
    return { source: entraLogs(config, { credential: azure, ca: double.certificate ?? '' }), server: double, leastRequests: Math.ceil(records / 5000), parallel: 1 };
  },
};

const [name = '', count = '100000'] = process.argv.slice(2);
const make = CASES[name];
if (!make) throw new Error(`no such source: ${name}; there are ${Object.keys(CASES).join(', ')}`);
const records = Number(count);
const { source, server, leastRequests, parallel } = await make(records);
/** Resident memory after each step. */
const resident: number[] = [];
let bytes = 0;
let steps = 0;
globalThis.gc?.();
const before = process.memoryUsage().rss;
const began = performance.now();
for await (const step of source.pull({
  now: () => new Date(now), random: () => 0.5, tell: () => undefined, cursors: new Map(), signal: new AbortController().signal,
  sleep: async (ms) => { now += ms; await new Promise((resolve) => setImmediate(resolve)); },
})) {
  bytes += step.delivered.reduce((sum, one) => sum + one.bytes.length, 0);
  steps += 1;
  resident.push(process.memoryUsage().rss);
}
const seconds = (performance.now() - began) / 1000;
const requests = server.requests.length;
const bare = await bareSeconds(server, parallel);
await server.close();
const half = Math.floor(resident.length / 2);
const peak = (of: readonly number[]): number => Math.round(Math.max(before, ...of) / 1024 / 1024);
process.stdout.write(`${JSON.stringify({
  bench: 'sources', source: name, records, bytes, steps, seconds: Number(seconds.toFixed(2)), records_per_second: Math.round(records / seconds),
  bare_seconds: Number(bare.toFixed(2)), ratio: Number((bare / seconds).toFixed(2)), requests, least_requests: leastRequests,
  rss_mib_before: peak([]), rss_mib_first_half: peak(resident.slice(0, half)), rss_mib_second_half: peak(resident.slice(half)),
})}\n`);
