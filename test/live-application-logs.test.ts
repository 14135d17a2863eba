/**
 * A task's log line on a token that had expired, from CloudWatch Logs to a finding with its evidence, and an answer for its id.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { awsDouble, type AwsDouble, type DoubleLogEvent } from '../fixtures/doubles/aws-json.ts';
import { ask } from '../src/answers/ask.ts';
import { findings } from '../src/answers/findings.ts';
import { configSchema } from '../src/config/config.ts';
import { cloudwatchLogsSchema } from '../src/config/sources/cloudwatch-logs.ts';
import { bringUpToDate } from '../src/pipeline/bring-up-to-date.ts';
import { ingestSources } from '../src/pipeline/ingest-sources.ts';
import { cloudwatchLogs } from '../src/sources/cloudwatch-logs/index.ts';
import { openReader } from '../src/store/reader.ts';
import { openWriter } from '../src/store/writer.ts';
import { FakeClock } from './pulled.ts';

const ACCOUNT = '111122223333';
const REGION = 'eu-central-1';
const TASK = '0f9de17a6465404e8b1b2356dc13c2f8';
const ARN = `arn:aws:ecs:${REGION}:${ACCOUNT}:task/prod/${TASK}`;
const KEY = 'AKIADOUBLE0000000001';
/** A log line may hold anything, secrets too: it stays in landing. */
const LINE = 'AssumeRoleWithWebIdentity failed: ExpiredTokenException: Token expired: current date/time 1768471200 must be before the expiration date/time 1768470900 (token eyJhbGciOiJSUzI1NiJ9.secret)';

const clock = new FakeClock('2026-01-15T10:30:00Z');
const line = (id: string, at: string, message: string): DoubleLogEvent => ({ id, stream: `nightly/app/${TASK}`, at: Date.parse(at), ingestedAt: Date.parse(at) + 1000, message });
const stateChange = JSON.stringify({
  id: 'state-1', 'detail-type': 'ECS Task State Change', source: 'aws.ecs', account: ACCOUNT, time: '2026-01-15T09:50:00Z', region: REGION,
  detail: { taskArn: ARN, clusterArn: `arn:aws:ecs:${REGION}:${ACCOUNT}:cluster/prod`, taskDefinitionArn: 'd:1', version: 1, lastStatus: 'RUNNING', createdAt: '2026-01-15T09:49:00Z' },
});

let folder: string;
let double: AwsDouble;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'whoran-app-logs-'));
  double = await awsDouble({
    now: () => clock.ms,
    keys: { [KEY]: ACCOUNT },
    logs: {
      scanned: 2,
      groups: [
        { accountId: ACCOUNT, region: REGION, name: '/ecs/nightly', events: () => [line('3901', '2026-01-15T10:00:01Z', LINE), line('3902', '2026-01-15T10:00:02Z', 'bye'), line('3903', '2026-01-15T10:00:09Z', LINE)] },
        { accountId: ACCOUNT, region: REGION, name: '/aws/events/ecs', events: () => [line('77', '2026-01-15T09:50:01Z', stateChange)] },
      ],
    },
  });
});
afterEach(async () => {
  await double.close();
  await rm(folder, { recursive: true, force: true });
});

test('the line is a finding about its task, and its id answers for the task', async () => {
  const raw = {
    type: 'cloudwatch-logs', id: 'logs', endpoint: double.url, region: REGION, account_id: ACCOUNT, first_days: 1,
    groups: [{ name: '/ecs/nightly', holds: 'application' }, { name: '/aws/events/ecs', holds: 'ecs_events' }],
  };
  const source = cloudwatchLogs(cloudwatchLogsSchema.parse(raw), { credentials: async () => Promise.resolve({ accessKeyId: KEY, secretAccessKey: 's' }) });
  const config = configSchema.parse({ sources: [raw] });
  const writer = await openWriter(folder, { now: clock.now });
  const pull = async () => ingestSources(writer, [source], config, { signal: new AbortController().signal, effects: { now: clock.now, sleep: clock.sleep, random: () => 0.5 } });
  const pulled = await pull();
  expect(pulled.sources).toMatchObject([{ outcome: 'ok', delivered: 3, landed: 3, failures: [] }]);
  expect(pulled.forms.map(({ form, new: fresh, rejected }) => [form, fresh, rejected])).toEqual([['application_log', 2, 0], ['ecs_events', 1, 0]]);
  // Application logs complete nothing; the ECS events' group does.
  expect(await writer.db.all('select source, complete_through from stg_sources')).toEqual([{ source: 'ecs_events', complete_through: '2026-01-15T08:30:00Z' }]);
  // The overlap once more: the page's token is another, and nothing is landed for that.
  const again = await pull();
  expect(again.sources).toMatchObject([{ outcome: 'ok', delivered: 3, landed: 0, repeated: 3 }]);
  expect(again.totals).toMatchObject({ new: 0, rejected: 0 });
  expect(JSON.stringify(await writer.db.all('select * from stg_application_logs'))).not.toContain('eyJ');
  await bringUpToDate(writer, config);
  await writer.publishAndClose();

  const reader = await openReader(folder);
  const answers = { db: reader.db, landing: { readMember: async (seq: number, member: number) => Promise.resolve(reader.landing.unpackMember(seq, member)) } };
  const found = (await findings(answers, { detection: 'expired_token_refused' })).findings;
  const [hash] = await reader.db.all<{ record_sha256: string }>("select record_sha256 from stg_application_logs where event_id = '3901'");
  expect(found).toMatchObject([
    {
      subject: { kind: 'event', id: '3901' }, occurred_at: '2026-01-15T10:00:01Z', status: 'open',
      summary: `Task ${TASK} on cluster prod presented a token 300 seconds after its end, and STS refused it (2 lines)`,
      evidence: [{ source: 'application_logs', record_id: '3901', sha256: hash?.record_sha256 }],
    },
  ]);
  expect(await ask(answers, '3901')).toMatchObject({ subject: { kind: 'task', id: ARN } });
  expect(await ask(answers, `nightly/app/${TASK}`)).toMatchObject({ subject: { kind: 'task', id: ARN } });
  reader.close();
});
