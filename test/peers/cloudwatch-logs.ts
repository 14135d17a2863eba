/**
 * The cloudwatch-logs source against a CloudWatch Logs that isn't ours: log groups are made and written through the SDK, pulled,
 * and everything written must be among what came, each event once a window.
 */
import {
  CloudWatchLogsClient, CreateLogGroupCommand, CreateLogStreamCommand, DeleteLogGroupCommand, PutLogEventsCommand, PutRetentionPolicyCommand,
} from '@aws-sdk/client-cloudwatch-logs';
import { strict as assert } from 'node:assert';
import { cloudwatchLogsSchema } from '../../src/config/sources/cloudwatch-logs.ts';
import { frames } from '../../src/landing/framing.ts';
import { cloudwatchLogs } from '../../src/sources/cloudwatch-logs/index.ts';
import { checked, FakeClock, pulled } from '../pulled.ts';

const REGION = 'eu-central-1';
const CREDENTIALS = { accessKeyId: 'AKIAPEER000000000001', secretAccessKey: 'peer' };
const APP = '/whoran/peer/app';
const TRAIL = '/whoran/peer/trail';
const BUSY = '/whoran/peer/busy';
/** More than one page of 10,000 events, all in one window, many of them in the same millisecond. */
const TICKS = 12_000;
const STREAM = 'nightly/app/0f9de17a6465404e8b1b2356dc13c2f8';
const HOUR = 3_600_000;
const EXPIRED = 'ExpiredTokenException: Token expired: current date/time 1768471200 must be before the expiration date/time 1768470900';

export interface PeerCounts {
  readonly written: number;
  readonly pulled: number;
  readonly requests: number;
}

/**
 * @param endpoint of the peer, for example moto's server
 * @throws AssertionError where something written did not come, came changed, or a check doesn't say what is
 */
export async function cloudwatchLogsPeer(endpoint: string): Promise<PeerCounts> {
  const client = new CloudWatchLogsClient({ region: REGION, endpoint, credentials: CREDENTIALS });
  // The service takes no events older than 14 days, so the clock is the real one.
  const now = Math.floor(Date.now() / 1000) * 1000;
  const records = Array.from({ length: 120 }, (_, n) => ({ id: `peer-${String(n).padStart(3, '0')}`, at: now - 20 * HOUR + n * 9 * 60_000 }));
  try {
    await write(client, TRAIL, '111122223333_CloudTrail_eu-central-1', records.map(({ id, at }) => ({ timestamp: at, message: trailRecord(id, at) })));
    await write(client, APP, STREAM, [
      { timestamp: now - 3 * HOUR, message: EXPIRED }, { timestamp: now - 3 * HOUR, message: `again ${EXPIRED}` }, { timestamp: now - 2 * HOUR, message: 'all is well' },
    ]);
    const hour = Math.floor(now / HOUR) * HOUR - HOUR;
    await write(client, BUSY, 'ticks', Array.from({ length: TICKS }, (_, n) => ({ timestamp: hour + Math.floor(n / 7), message: `tick ${n}` })));
    await client.send(new PutRetentionPolicyCommand({ logGroupName: TRAIL, retentionInDays: 30 }));
    return await pullAll(endpoint, now, records.map(({ id }) => id));
  } finally {
    for (const logGroupName of [TRAIL, APP, BUSY]) await client.send(new DeleteLogGroupCommand({ logGroupName })).catch(() => undefined);
    client.destroy();
  }
}

function trailRecord(id: string, at: number): string {
  return JSON.stringify({
    eventVersion: '1.11', eventID: id, eventTime: new Date(at).toISOString().replace('.000Z', 'Z'), eventSource: 'ecs.amazonaws.com', eventName: 'RunTask', awsRegion: REGION, recipientAccountId: '111122223333',
  });
}

async function write(client: CloudWatchLogsClient, logGroupName: string, logStreamName: string, logEvents: { timestamp: number; message: string }[]): Promise<void> {
  await client.send(new CreateLogGroupCommand({ logGroupName }));
  await client.send(new CreateLogStreamCommand({ logGroupName, logStreamName }));
  // At most 10,000 events a call (PutLogEvents).
  for (let from = 0; from < logEvents.length; from += 5000) {
    await client.send(new PutLogEventsCommand({ logGroupName, logStreamName, logEvents: logEvents.slice(from, from + 5000) }));
  }
}

async function pullAll(endpoint: string, now: number, ids: readonly string[]): Promise<PeerCounts> {
  const groups = [{ name: TRAIL, holds: 'cloudtrail' }, { name: APP, holds: 'application' }, { name: BUSY, holds: 'application', filter: 'tick' }];
  const config = cloudwatchLogsSchema.parse({ type: 'cloudwatch-logs', id: 'peer', endpoint, region: REGION, account_id: '123456789012', groups, first_days: 1, overlap_minutes: 120 });
  const source = cloudwatchLogs(config, { credentials: async () => Promise.resolve(CREDENTIALS), stsEndpoint: endpoint });
  const clock = new FakeClock(new Date(now + 60_000).toISOString());
  const first = await pulled(source, { clock });
  assert.deepEqual(first.failures, []);
  const framed = first.steps.flatMap(({ delivered }) => delivered.flatMap(({ origin, bytes }) => [...frames(bytes, origin)]));
  const came = framed.flatMap((frame) => (frame.kind === 'record' && frame.form === 'cloudtrail_logs' ? [(JSON.parse(frame.bytes.toString()) as { eventID: string }).eventID] : []));
  assert.deepEqual(came.sort(), ids);
  assert.equal(framed.filter((frame) => frame.kind === 'record' && frame.form === 'application_log').length, 2);
  const ticks = first.steps.filter(({ stream }) => stream === BUSY).flatMap(({ delivered }) => delivered.map(({ bytes }) => JSON.parse(bytes.toString()) as { events: { message: string; eventId: string }[] }));
  assert.ok(ticks.length > 1, 'the busy group came on one page: nothing was paged');
  assert.equal(new Set(ticks.flatMap(({ events }) => events.map(({ message }) => message))).size, TICKS);
  // Again: the overlap alone, and nothing in it is new.
  const again = await pulled(source, { clock, cursors: first.cursors });
  assert.deepEqual(again.failures, []);
  const content = (step: (typeof first.steps)[number]): string[] => step.delivered.map(({ bytes, content: own }) => (own ?? bytes).toString());
  const before = new Set(first.steps.flatMap(content));
  assert.deepEqual(again.steps.flatMap(content).filter((body) => !before.has(body)), []);
  const results = await checked(source, clock);
  assert.deepEqual(results.map(({ outcome }) => outcome), ['ok', 'ok', 'ok', 'ok', 'ok', 'ok', 'ok'], JSON.stringify(results));
  return { written: ids.length + 3 + TICKS, pulled: framed.length, requests: first.events.filter(({ kind }) => kind === 'request').length };
}
