/**
 * `ask --live` as it is typed: the configuration, the default credential chain and the real SDKs against a double.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { awsDouble, type AwsDouble } from '../../fixtures/doubles/aws-json.ts';
import { openWriter } from '../store/writer.ts';
import { main } from './program.ts';

const ACCOUNT = '111122223333';
const TASK = '0f9de17a6465404e8b1b2356dc13c2f8';
const ARN = `arn:aws:ecs:eu-central-1:${ACCOUNT}:task/prod/${TASK}`;
const KEY = 'AKIADOUBLE0000000001';
const SECRET = 'a-secret-that-nobody-may-see';

async function run(argv: readonly string[]): Promise<{ code: number; out: string; err: string }> {
  let [out, err] = ['', ''];
  const code = await main(argv, { out: (text) => { out += text; }, err: (text) => { err += text; }, isOutTty: false, isErrTty: false, columns: 80, env: {} });
  return { code, out, err };
}

let folder: string;
let double: AwsDouble;
let options: string[];
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'whoran-cli-live-'));
  const at = Math.floor(Date.now() / 1000) - 600;
  const body = JSON.stringify({
    eventVersion: '1.11', eventID: 'e-run', eventTime: new Date(at * 1000).toISOString().replace('.000Z', 'Z'), eventSource: 'ecs.amazonaws.com', eventName: 'RunTask', readOnly: false,
    awsRegion: 'eu-central-1', recipientAccountId: ACCOUNT, userIdentity: { type: 'IAMUser', userName: 'deploy', arn: `arn:aws:iam::${ACCOUNT}:user/deploy`, accountId: ACCOUNT, accessKeyId: 'AKIAEXAMPLE000000001' },
    requestParameters: { cluster: 'prod' }, responseElements: { tasks: [{ taskArn: ARN }], failures: [] },
  });
  double = await awsDouble({
    now: Date.now,
    keys: { [KEY]: ACCOUNT },
    cloudTrail: { records: () => [{ accountId: ACCOUNT, region: 'eu-central-1', eventId: 'e-run', at: at * 1000, visibleAt: 0, body }] },
    ecs: {
      tasks: () => [{
        accountId: ACCOUNT, region: 'eu-central-1', cluster: 'prod', taskArn: ARN, visibleAt: 0,
        task: { taskArn: ARN, clusterArn: `arn:aws:ecs:eu-central-1:${ACCOUNT}:cluster/prod`, taskDefinitionArn: 'd:1', version: 2, lastStatus: 'RUNNING\u001b[2J', createdAt: at + 1 },
      }],
    },
  });
  vi.stubEnv('AWS_ACCESS_KEY_ID', KEY).stubEnv('AWS_SECRET_ACCESS_KEY', SECRET).stubEnv('AWS_ENDPOINT_URL_ECS', double.url);
  const config = join(folder, 'whoran.yaml');
  writeFileSync(config, `sources:\n  - { id: lookup, type: cloudtrail-lookup, enabled: false, endpoint: "${double.url}", accounts: [{ account_id: "${ACCOUNT}" }], regions: [eu-central-1] }\n`);
  options = ['--config', config, '--data', join(folder, 'data')];
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await double.close();
  rmSync(folder, { recursive: true });
});

test('fetches, says so on standard error, and answers as always', async () => {
  const { code, out, err } = await run(['ask', ARN, '--live', '--json', ...options]);
  expect(err).toMatch(/live: \d+ requests, 2 new answers landed\n$/);
  expect(JSON.parse(out)).toMatchObject({ schema: 'whoran.answer/1', subject: { kind: 'task', id: ARN }, how: 'ran', who: { kind: 'iam_user', name: 'deploy' } });
  expect(code).toBe(0);
  expect(out + err).not.toContain('\u001b');
  expect(out + err).not.toContain(SECRET);
  // What a person reads is drawn from the same.
  const read = await run(['ask', TASK, ...options]);
  expect(read.out).toContain('RUNNING\\u001b[2J');
});

test('while another writer holds the folder: the answer is of what is landed, and the exit code is 3', async () => {
  await run(['ask', ARN, '--live', ...options]);
  const writer = await openWriter(join(folder, 'data'));
  const { code, out, err } = await run(['ask', ARN, '--live', '--json', ...options]);
  writer.close();
  expect(code).toBe(3);
  expect(JSON.parse(out)).toMatchObject({ how: 'ran' });
  expect(err).toContain('live: nothing was fetched');
  expect(err).toContain('is held by another writer');
});

test('an id that AWS knows nothing of either: exit code 1', async () => {
  const { code, out } = await run(['ask', `arn:aws:ecs:eu-central-1:${ACCOUNT}:task/prod/ffffffffffffffffffffffffffffffff`, '--live', '--json', ...options]);
  expect(code).toBe(1);
  expect(JSON.parse(out)).toMatchObject({ reason: 'not_seen' });
});

test('without a cloudtrail-lookup source, and with --known-at: wrong use', async () => {
  const config = join(folder, 'none.yaml');
  writeFileSync(config, 'sources: []\n');
  const none = await run(['ask', ARN, '--live', '--config', config, '--data', join(folder, 'data')]);
  expect(none.code).toBe(2);
  expect(none.err).toContain('type: cloudtrail-lookup');
  const known = await run(['ask', ARN, '--live', '--known-at', '2026-01-15T12:00:00Z', ...options]);
  expect(known.code).toBe(2);
  expect(known.err).toContain('--live: not with --known-at');
});
