/**
 * A sign-in that comes late, end to end: files, correlation, detection, plan, and a receiver on loopback that checks nothing for itself and keeps
 * all. What its absence had caused is told once, and its end is told once when it comes; the history shows both.
 */
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { DoubleServer } from '../../fixtures/doubles/double-server.ts';
import { createChannel } from '../../src/alerts/index.ts';
import type { WebhookAlert } from '../../src/alerts/webhook.ts';
import { configSchema, type Config } from '../../src/config/config.ts';
import { sendAlerts, type AlertsResult } from '../../src/pipeline/alert.ts';
import { bringUpToDate } from '../../src/pipeline/bring-up-to-date.ts';
import { ingest } from '../../src/pipeline/ingest.ts';
import { alertLines } from '../../src/landing/alert-log.ts';
import { openWriter } from '../../src/store/writer.ts';

const ACCOUNT = '111122223333';
const TENANT = '11111111-1111-4111-8111-111111111111';
const APP = '33333333-3333-4333-8333-333333333333';
const ADA = '22222222-2222-4222-8222-222222222222';
const KEY = 'ASIAEXAMPLE000000001';
const EVENT = '9d52cb31-52ec-486a-94fd-225371633fb3';

const assumed = JSON.stringify({
  eventVersion: '1.11', eventID: EVENT, eventTime: '2026-01-15T09:00:00Z', eventSource: 'sts.amazonaws.com', eventName: 'AssumeRoleWithWebIdentity', awsRegion: 'eu-central-1', recipientAccountId: ACCOUNT,
  sourceIPAddress: '192.0.2.7', userAgent: 'aws-cli/2.33.2', readOnly: true,
  userIdentity: { type: 'WebIdentityUser', principalId: `arn:aws:iam::${ACCOUNT}:oidc-provider/login.microsoftonline.com/${TENANT}/v2.0:${APP}:pairwise`, userName: 'pairwise', identityProvider: `arn:aws:iam::${ACCOUNT}:oidc-provider/login.microsoftonline.com/${TENANT}/v2.0` },
  requestParameters: { roleArn: `arn:aws:iam::${ACCOUNT}:role/Operator`, roleSessionName: 'job', principalTags: { EntraOid: ADA } },
  responseElements: {
    credentials: { accessKeyId: KEY, sessionToken: 'FwoExampleToken', expiration: 'Jan 15, 2026, 10:00:00 AM' }, subjectFromWebIdentityToken: 'pairwise', audience: APP, provider: `arn:aws:iam::${ACCOUNT}:oidc-provider/login.microsoftonline.com/${TENANT}/v2.0`,
    assumedRoleUser: { assumedRoleId: 'AROAEXAMPLE0000000001:job', arn: `arn:aws:sts::${ACCOUNT}:assumed-role/Operator/job` },
  },
});

/** A row of Log Analytics. */
function signIn(table: string, id: string, at: string, person = ADA): string {
  return JSON.stringify({
    Type: table, TimeGenerated: at, CreatedDateTime: at, Id: id, AADTenantId: TENANT, UserId: person, UserPrincipalName: `${person.slice(0, 4)}@example.com`, UserDisplayName: 'Ada Ito', AppId: APP, AppDisplayName: 'cli',
    ResourceIdentity: APP, IPAddress: '192.0.2.7', ResultType: '0', CorrelationId: `${id.slice(0, 8)}-0000-4000-8000-000000000000`, UniqueTokenIdentifier: `uti-${id}`, IsInteractive: table === 'SigninLogs',
  });
}
const OTHER = '44444444-4444-4444-8444-444444444444';
const idOf = (number: number): string => `aaaaaaaa-0000-4000-8000-${String(number).padStart(12, '0')}`;
/** Somebody else signs in, of either kind, so that it shows how far the tenant is complete. */
const others = (from: number, ...times: string[]): string => times.flatMap((at, index) => ['SigninLogs', 'AADNonInteractiveUserSignInLogs'].map((table, kind) => signIn(table, idOf(from + index * 2 + kind), at, OTHER))).join('\n');

let folder: string;
let data: string;
let config: Config;
let server: DoubleServer;
let received: WebhookAlert[] = [];

async function land(name: string, text: string): Promise<void> {
  const path = join(folder, name);
  writeFileSync(path, text);
  const writer = await openWriter(data);
  try {
    const { totals } = await ingest(writer, [path]);
    expect(totals.rejected).toBe(0);
    await bringUpToDate(writer, config);
    await writer.publish();
  } finally {
    writer.close();
  }
}
async function tell(at: string): Promise<AlertsResult> {
  received = [];
  const channels = await Promise.all(config.alerts.channels.map(async (one) => createChannel(one, { env: { KEY: 'k'.repeat(40) }, stdout: { write: () => true }, version: '0.0.0' })));
  return sendAlerts({ dataDir: data, config, channels, runId: null, effects: { now: () => new Date(at), sleep: async () => Promise.resolve(), random: () => 0.5 }, signal: new AbortController().signal, scrub: (text) => text });
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'whoran-late-'));
  data = join(folder, 'data');
  server = await DoubleServer.start({ handle: ({ body }) => { received.push(JSON.parse(body.toString('utf8')) as WebhookAlert); return { status: 200 }; }, refuse: () => ({ status: 500 }) });
  config = configSchema.parse({ tenants: [{ id: TENANT }], alerts: { channels: [{ id: 'hook', type: 'webhook', url: `${server.url}/x`, secret: '${KEY}' }], routes: [{ channels: ['hook'], min_severity: 'low' }] } });
});
afterAll(async () => {
  await server.close();
  rmSync(folder, { recursive: true });
});

test('provisional: listed, told to nobody; open: told once, with the landed record\'s hash; explained late: its end is told once', async () => {
  await land('before.jsonl', others(1, '2026-01-15T06:00:00Z', '2026-01-15T09:30:00Z'));
  await land('trail.json', `{"Records":[${assumed}]}`);
  const early = await tell('2026-01-15T10:00:00Z');
  expect([early.sent, received]).toEqual([0, []]);

  await land('later.jsonl', others(20, '2026-01-15T12:00:00Z'));
  await tell('2026-01-15T12:05:00Z');
  const fired = received.find(({ findings }) => findings.some(({ detection }) => detection === 'session_without_sign_in'));
  expect(fired?.notice).toBe('fired');
  const told = fired?.findings[0];
  expect(told?.subject).toEqual({ kind: 'session', id: KEY });
  // As RULINGS 20 has it: over the record's own bytes, the session token replaced by its hash.
  const blanked = assumed.replace('FwoExampleToken', createHash('sha256').update('FwoExampleToken').digest('hex'));
  expect(told?.evidence.map(({ record_id: id, sha256 }) => [id, sha256])).toContainEqual([EVENT, createHash('sha256').update(blanked).digest('hex')]);
  await tell('2026-01-15T12:10:00Z');
  expect(received).toEqual([]);

  await land('late.jsonl', signIn('SigninLogs', idOf(99), '2026-01-15T08:58:00Z'));
  await tell('2026-01-15T13:00:00Z');
  expect(received.map(({ notice, findings }) => [notice, findings.map(({ detection }) => detection)])).toEqual([['resolved', ['session_without_sign_in']]]);
  await tell('2026-01-15T13:05:00Z');
  expect(received).toEqual([]);

  const history = [...alertLines(data)].flatMap((line) => (line.kind === 'finding' && line.detection === 'session_without_sign_in' ? [[line.cause, line.to]] : []));
  expect(history).toEqual([['found', 'provisional'], ['settled', 'open'], ['gone', 'resolved']]);
  expect(readFileSync(join(data, 'landing/alerts.jsonl'), 'utf8')).not.toContain('FwoExampleToken');
}, 120_000);
