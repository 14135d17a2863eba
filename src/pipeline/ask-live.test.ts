import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { awsDouble, type AwsDouble, type DoubleCloudTrailRecord, type DoubleTask } from '../../fixtures/doubles/aws-json.ts';
import type { DoubleRequest, Fault } from '../../fixtures/doubles/double-server.ts';
import { FakeClock } from '../../test/pulled.ts';
import type { Answer } from '../answers/answer.ts';
import { ask } from '../answers/ask.ts';
import { configSchema, type Config } from '../config/config.ts';
import { readManifest } from '../store/manifest.ts';
import { openReader } from '../store/reader.ts';
import { openWriter } from '../store/writer.ts';
import { fetchLive, type LiveOutcome } from './ask-live.ts';
import { landStep } from './land-step.ts';

const ACCOUNT = '111122223333';
const REGION = 'eu-central-1';
const TASK = '0f9de17a6465404e8b1b2356dc13c2f8';
const ARN = `arn:aws:ecs:${REGION}:${ACCOUNT}:task/prod/${TASK}`;
const PERSON_KEY = 'ASIAEXAMPLE000000001';
const TASK_KEY = 'ASIAEXAMPLETASK00002';
const SECRET = 'a-secret-that-nobody-may-see';
const NOW = '2026-01-15T10:00:00Z';

let folder: string;
let double: AwsDouble | undefined;
const clock = new FakeClock(NOW);
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'whoran-live-'));
  clock.ms = Date.parse(NOW);
});
afterEach(async () => {
  await double?.close();
  await rm(folder, { recursive: true, force: true });
});

function record(eventId: string, at: string, more: object, region = REGION): DoubleCloudTrailRecord {
  const body = JSON.stringify({ eventVersion: '1.11', eventID: eventId, eventTime: at, awsRegion: region, recipientAccountId: ACCOUNT, eventType: 'AwsApiCall', ...more });
  return { accountId: ACCOUNT, region, eventId, at: Date.parse(at), visibleAt: Date.parse(at) + 60_000, body };
}

/** A GitHub workflow's session starts a task; the task's role is assumed, and calls. */
const story: DoubleCloudTrailRecord[] = [
  record('e-session', '2026-01-15T09:40:00Z', {
    eventSource: 'sts.amazonaws.com', eventName: 'AssumeRoleWithWebIdentity', readOnly: true, sourceIPAddress: '192.0.2.7',
    userIdentity: { type: 'WebIdentityUser', principalId: `arn:aws:iam::${ACCOUNT}:oidc-provider/token.actions.githubusercontent.com:sts.amazonaws.com:repo:example/jobs:ref:refs/heads/main`, userName: 'repo:example/jobs:ref:refs/heads/main', identityProvider: `arn:aws:iam::${ACCOUNT}:oidc-provider/token.actions.githubusercontent.com` },
    requestParameters: { roleArn: `arn:aws:iam::${ACCOUNT}:role/Deploy`, roleSessionName: 'deploy' },
    responseElements: {
      subjectFromWebIdentityToken: 'repo:example/jobs:ref:refs/heads/main', audience: 'sts.amazonaws.com', provider: `arn:aws:iam::${ACCOUNT}:oidc-provider/token.actions.githubusercontent.com`,
      assumedRoleUser: { assumedRoleId: 'AROAEXAMPLE:deploy', arn: `arn:aws:sts::${ACCOUNT}:assumed-role/Deploy/deploy` },
      credentials: { accessKeyId: PERSON_KEY, expiration: 'Jan 15, 2026, 10:40:00 AM' },
    },
  }, 'us-east-1'),
  record('e-run', '2026-01-15T09:45:00Z', {
    eventSource: 'ecs.amazonaws.com', eventName: 'RunTask', readOnly: false,
    userIdentity: { type: 'AssumedRole', principalId: 'AROAEXAMPLE:deploy', arn: `arn:aws:sts::${ACCOUNT}:assumed-role/Deploy/deploy`, accountId: ACCOUNT, accessKeyId: PERSON_KEY },
    requestParameters: { cluster: 'prod' }, responseElements: { tasks: [{ taskArn: ARN, clusterArn: `arn:aws:ecs:${REGION}:${ACCOUNT}:cluster/prod`, taskDefinitionArn: 'd:1' }], failures: [] },
  }),
  record('e-task-role', '2026-01-15T09:45:20Z', {
    eventSource: 'sts.amazonaws.com', eventName: 'AssumeRole', readOnly: true, sourceIPAddress: 'ecs-tasks.amazonaws.com',
    userIdentity: { type: 'AWSService', invokedBy: 'ecs-tasks.amazonaws.com' },
    requestParameters: { roleArn: `arn:aws:iam::${ACCOUNT}:role/Job`, roleSessionName: TASK }, responseElements: { credentials: { accessKeyId: TASK_KEY, expiration: 'Jan 15, 2026, 3:45:20 PM' } },
    resources: [{ ARN: `arn:aws:iam::${ACCOUNT}:role/Job`, type: 'AWS::IAM::Role' }],
  }),
  // Older than the last minutes: found by the key alone.
  record('e-old-call', '2026-01-15T09:46:00Z', {
    eventSource: 's3.amazonaws.com', eventName: 'ListBuckets', readOnly: true,
    userIdentity: { type: 'AssumedRole', principalId: `AROAJOB:${TASK}`, arn: `arn:aws:sts::${ACCOUNT}:assumed-role/Job/${TASK}`, accountId: ACCOUNT, accessKeyId: TASK_KEY },
  }, 'us-east-1'),
];

const described: DoubleTask = {
  accountId: ACCOUNT, region: REGION, cluster: 'prod', taskArn: ARN, visibleAt: 0,
  task: {
    taskArn: ARN, clusterArn: `arn:aws:ecs:${REGION}:${ACCOUNT}:cluster/prod`, taskDefinitionArn: `arn:aws:ecs:${REGION}:${ACCOUNT}:task-definition/job:3`, version: 5,
    lastStatus: 'RUNNING', desiredStatus: 'RUNNING', launchType: 'FARGATE', startedBy: 'alice', createdAt: 1768470301.5, startedAt: 1768470330.25,
  },
};

async function serve(records: readonly DoubleCloudTrailRecord[], tasks: readonly DoubleTask[], fault?: (request: DoubleRequest, operation: string) => Fault | undefined): Promise<AwsDouble> {
  double = await awsDouble({
    now: () => clock.ms, keys: { AKIADOUBLE0000000001: ACCOUNT }, cloudTrail: { records: () => records, requestsPerSecond: 2 }, ecs: { tasks: () => tasks }, ...(fault ? { fault } : {}),
  });
  return double;
}

const configOf = (url: string, more: object = {}): Config =>
  configSchema.parse({
    sources: [{ type: 'cloudtrail-lookup', id: 'lookup', enabled: false, endpoint: url, accounts: [{ account_id: ACCOUNT }], regions: [REGION, 'us-east-1'], overlap_minutes: 60, ...more }],
    expected: { clusters: ['prod'] },
  });

async function live(id: string, config: Config): Promise<LiveOutcome> {
  return fetchLive(folder, id, config, {
    signal: new AbortController().signal,
    effects: { now: clock.now, sleep: clock.sleep, random: () => 0.5 },
    given: { credentials: async () => Promise.resolve({ accessKeyId: 'AKIADOUBLE0000000001', secretAccessKey: SECRET }), ...(double ? { ecsEndpoint: double.url } : {}) },
  });
}

async function answerOf(id: string): Promise<Answer> {
  const reader = await openReader(folder);
  try {
    return (await ask({ db: reader.db, landing: { readMember: async (seq, member) => Promise.resolve(reader.landing.unpackMember(seq, member)) } }, id)) as Answer;
  } finally {
    reader.close();
  }
}

describe('a task', () => {
  test('from an empty folder, by its ARN: described, its account\'s last minutes, and the keys that those bring to light', async () => {
    const { url, counts } = await serve(story, [described]);
    const outcome = await live(ARN, configOf(url));
    expect(outcome).toMatchObject({ isFetched: true, problems: [] });
    // One description; two regions' last minutes; two keys in two regions each.
    expect(Object.fromEntries(counts)).toEqual({ DescribeTasks: 1, LookupEvents: 6 });
    const answer = await answerOf(ARN);
    expect(answer).toMatchObject({ subject: { kind: 'task', id: ARN }, how: 'ran', confidence: 'proved', who: { kind: 'workload', subject: 'repo:example/jobs:ref:refs/heads/main' } });
    expect(answer.chain.map(({ hop, id }) => [hop, id])).toEqual([['session', PERSON_KEY], ['action', 'e-run'], ['task', ARN]]);
    expect(answer.chain.at(-1)?.evidence.map(({ source, record_id: id }) => [source, id])).toEqual([['cloudtrail', 'e-run'], ['ecs_events', `describe:${ARN}:5`]]);
    expect(answer.chain.at(-1)?.detail).toMatchObject({ started_by: 'alice', last_status: 'RUNNING' });
  });

  test('by its bare id: every configured place and expected cluster is tried, and none is no failure', async () => {
    const { url, counts } = await serve([], [described]);
    const outcome = await live(TASK, configOf(url));
    expect(outcome.problems).toEqual([]);
    expect(counts.get('DescribeTasks')).toBe(2);
    expect(await answerOf(TASK)).toMatchObject({ subject: { kind: 'task', id: ARN } });
  });

  test('asked again, nothing is new; a known task is asked about where it is', async () => {
    const { url, counts } = await serve(story, [described]);
    await live(ARN, configOf(url));
    const before = counts.get('DescribeTasks') ?? 0;
    const published = readManifest(folder)?.publication;
    const again = await live(TASK, configOf(url));
    expect(again).toMatchObject({ landed: 0, problems: [] });
    // Nothing to publish either.
    expect(readManifest(folder)?.publication).toBe(published);
    expect((counts.get('DescribeTasks') ?? 0) - before).toBe(1);
  });

  test('an account that is not configured is named', async () => {
    const { url, counts } = await serve(story, [described]);
    const outcome = await live(ARN.replace(ACCOUNT, '444455556666'), configOf(url));
    expect(outcome.problems).toEqual([expect.objectContaining({ message: expect.stringContaining('account 444455556666 is not among those') as string })]);
    expect(counts.size).toBe(0);
  });
});

describe('other things asked about', () => {
  test('an access key: its events, wherever they are, and no task', async () => {
    const { url, counts } = await serve(story, [described]);
    const outcome = await live(TASK_KEY, configOf(url, { overlap_minutes: 5 }));
    expect(outcome.problems).toEqual([]);
    expect(counts.get('DescribeTasks')).toBeUndefined();
    const reader = await openReader(folder);
    expect(await reader.db.all('select event_id from stg_events order by event_id')).toEqual([{ event_id: 'e-old-call' }]);
    // What was asked for alone doesn't say how far CloudTrail is landed, here or in a rebuild.
    expect(await reader.db.all('select source, complete_through, records from stg_sources')).toEqual([{ source: 'cloudtrail', complete_through: null, records: 1 }]);
    reader.close();
  });

  test('anything else: the last minutes of all configured places, from the cursor less the overlap', async () => {
    const { url, server } = await serve(story, []);
    const writer = await openWriter(folder);
    const step = { stream: `${ACCOUNT}/${REGION}`, covers: [], delivered: [], cursor: '2026-01-15T09:50:00.000Z', completeThrough: new Date('2026-01-15T09:30:00Z') };
    await landStep(writer, 'lookup', step);
    writer.close();
    await live('alice@example.com', configOf(url, { overlap_minutes: 20 }));
    const asked = server.requests.map(({ body }) => JSON.parse(body.toString()) as { StartTime: number; EndTime: number });
    expect(asked.map(({ StartTime: from, EndTime: to }) => [new Date(from * 1000).toISOString(), new Date(to * 1000).toISOString()]).sort()).toEqual([
      ['2026-01-15T09:30:00.000Z', '2026-01-15T10:00:00.000Z'], ['2026-01-15T09:40:00.000Z', '2026-01-15T10:00:00.000Z'],
    ]);
    // No cursor has moved, and nothing is said to be complete.
    const after = await openWriter(folder);
    expect(after.landing.pulls.streams.map(({ source, cursor }) => [source, cursor])).toEqual([['lookup', '2026-01-15T09:50:00.000Z']]);
    after.close();
  });
});

describe('what fails', () => {
  test('a service that refuses is a problem with what to do; the rest is landed, and no secret shows', async () => {
    const { url } = await serve(story, [described], (_, operation) => (operation === 'DescribeTasks' ? { kind: 'status', status: 403 } : undefined));
    const outcome = await live(ARN, configOf(url));
    expect(outcome.problems).toEqual([
      { message: `DescribeTasks ${ACCOUNT}/${REGION} prod: AccessDeniedException (HTTP 403)`, hint: expect.stringContaining('Grant ecs:DescribeTasks') as string },
    ]);
    expect(await answerOf(ARN)).toMatchObject({ how: 'ran' });
    expect(JSON.stringify(outcome)).not.toContain(SECRET);
  });

  test('all of AWS throttling: given up after a minute, and the answer is of what is landed', async () => {
    const { url } = await serve(story, [described]);
    await live(ARN, configOf(url));
    await double?.close();
    const throttled = await serve(story, [described], () => ({ kind: 'throttle' }));
    const outcome = await live(ARN, configOf(throttled.url));
    expect(outcome.problems.length).toBeGreaterThan(0);
    expect(outcome.problems.every(({ message }) => /gave up after \d+ attempts in \d+ s: throttled/.test(message))).toBe(true);
    expect(await answerOf(ARN)).toMatchObject({ how: 'ran', confidence: 'proved' });
  });

  test('another writer: nothing is fetched, said', async () => {
    const { url, counts } = await serve(story, [described]);
    const writer = await openWriter(folder);
    const outcome = await live(ARN, configOf(url));
    writer.close();
    expect(outcome).toMatchObject({ isFetched: false, problems: [expect.objectContaining({ message: expect.stringContaining('is held by another writer') as string })] });
    expect(counts.size).toBe(0);
  });

  test('no cloudtrail-lookup source: wrong use', async () => {
    await expect(live(ARN, configSchema.parse({}))).rejects.toMatchObject({ exitCode: 2, hint: expect.stringContaining('type: cloudtrail-lookup') as string });
  });
});
