/**
 * From log files to the answer, for readings of the rules that tests of one layer cannot hold: what staging drops never
 * reaches correlation.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { main } from '../src/cli/program.ts';
import { ACCOUNT, assumeRole, guid, put, record, trailText } from './cloudtrail-files.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'whoran-answers-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

async function run(...argv: string[]): Promise<{ code: number; out: string }> {
  let out = '';
  const terminal = { out: (text: string) => { out += text; }, err: () => undefined, isOutTty: false, isErrTty: false, columns: 80, env: {} };
  return { code: await main([...argv, '--data', join(folder, 'data')], terminal), out };
}

/** The answer for `id` once the records are landed. */
async function answerOf(id: string, records: readonly unknown[]): Promise<Record<string, unknown>> {
  await run('ingest', put(folder, 'trail.json', trailText(...records)));
  return JSON.parse((await run('ask', id, '--json')).out) as Record<string, unknown>;
}

describe('Step Functions and Batch', () => {
  const task = '0f1e2d3c4b5a69788796a5b4c3d2e1f0';
  const user = { type: 'IAMUser', userName: 'deploy', arn: `arn:aws:iam::${ACCOUNT}:user/deploy`, accountId: ACCOUNT, principalId: 'AIDAEXAMPLE000000001', accessKeyId: 'AKIAEXAMPLE000000001' };
  const run1 = record(1, {
    eventName: 'RunTask', readOnly: false, eventTime: '2026-01-15T09:10:00Z',
    userIdentity: { type: 'AWSService', invokedBy: 'states.amazonaws.com' },
    responseElements: { tasks: [{ taskArn: `arn:aws:ecs:eu-central-1:${ACCOUNT}:task/prod/${task}` }], failures: [] },
  });
  const start = (n: number, at: string): unknown => record(n, {
    eventSource: 'states.amazonaws.com', eventName: 'StartExecution', readOnly: false, eventTime: at, userIdentity: user,
    // What CloudTrail writes for a request over its limit.
    requestParameters: { omitted: true, originalSize: 200_000, reason: 'requestParameters too large' },
  });

  test('an execution whose request was too large to record is found by its time (RULINGS 18)', async () => {
    expect(await answerOf(task, [run1, start(2, '2026-01-15T09:00:00Z')])).toMatchObject({ who: { kind: 'iam_user', name: 'deploy' }, how: 'configured', confidence: 'inferred' });
  });

  test('two of them: neither is picked, both are candidates', async () => {
    const answer = await answerOf(task, [run1, start(2, '2026-01-15T09:00:00Z'), start(3, '2026-01-15T09:05:00Z')]);
    expect(answer).toMatchObject({ who: { kind: 'unknown' }, how: 'configured', reason: 'configurer_missing' });
    expect(JSON.stringify(answer)).toContain(guid(2));
    expect(JSON.stringify(answer)).toContain(guid(3));
  });
});

describe('hops as they are', () => {
  const task = '0f1e2d3c4b5a69788796a5b4c3d2e1f0';
  const hops = (answer: Record<string, unknown>): { hop: string; id: string; method: string | null; evidence: unknown[] }[] => answer['chain'] as { hop: string; id: string; method: string | null; evidence: unknown[] }[];

  test('a call without a key, and two sessions that could be its: the method is no key\'s', async () => {
    const twins = [assumeRole(1, 'ASIATWIN000000000001'), assumeRole(2, 'ASIATWIN000000000002')];
    const keyless = record(3, { userIdentity: { type: 'AssumedRole', principalId: 'AROAEXAMPLE00000001:job', accountId: ACCOUNT, sessionContext: { attributes: { creationDate: '2026-01-15T09:00:00Z' } } } });
    const answer = await answerOf(guid(3), [...twins, keyless]);
    expect(answer).toMatchObject({ who: { kind: 'unknown' }, reason: 'session_origin_missing' });
    expect(hops(answer).at(-1)).toMatchObject({ hop: 'action', id: guid(3), method: 'principal_and_creation' });
    expect(JSON.stringify(answer['candidates'])).toMatch(/ASIATWIN000000000001.*ASIATWIN000000000002/);
  });

  test('a task known only by its role session has that record as evidence (RULINGS 7)', async () => {
    const role = assumeRole(1, 'ASIATASK000000000001', { userIdentity: { type: 'AWSService', invokedBy: 'ecs-tasks.amazonaws.com' }, requestParameters: { roleArn: `arn:aws:iam::${ACCOUNT}:role/Task`, roleSessionName: task } });
    const answer = await answerOf(task, [role]);
    expect(answer).toMatchObject({ subject: { kind: 'task', id: task }, reason: 'launcher_missing' });
    expect(hops(answer)).toMatchObject([{ hop: 'task', id: task, evidence: [{ source: 'cloudtrail', record_id: guid(1) }] }]);
  });

  test('no audience is checked, and none is said unchecked, where no sign-in is looked for', async () => {
    const provider = `arn:aws:iam::${ACCOUNT}:oidc-provider/token.actions.githubusercontent.com`;
    const workflow = record(1, {
      eventSource: 'sts.amazonaws.com', eventName: 'AssumeRoleWithWebIdentity', userIdentity: { type: 'WebIdentityUser', principalId: `${provider}:sts.amazonaws.com:repo:example/app`, userName: 'repo:example/app', identityProvider: provider },
      requestParameters: { roleArn: `arn:aws:iam::${ACCOUNT}:role/Deploy`, roleSessionName: 'ci' },
      responseElements: { credentials: { accessKeyId: 'ASIAGITHUB0000000001', expiration: 'Jan 15, 2026, 10:00:00 AM' }, provider, audience: 'sts.amazonaws.com', subjectFromWebIdentityToken: 'repo:example/app' },
    });
    const answer = await answerOf('ASIAGITHUB0000000001', [workflow]);
    expect(answer).toMatchObject({ who: { kind: 'workload', subject: 'repo:example/app' }, identity: { method: 'issuer_subject' }, reason: null });
    expect(JSON.stringify(answer['chain'])).not.toContain('is_audience_checked');
  });

  test('a sign-in\'s id, as answers show it, means whose it is', async () => {
    const id = 'aaaaaaaa-1111-4000-8000-000000000001';
    const tenant = 'bbbbbbbb-1111-4000-8000-000000000001';
    const signIn = { id, createdDateTime: '2026-01-15T09:00:00Z', userPrincipalName: 'aiko@example.com', userDisplayName: 'Aiko', userId: 'cccccccc-1111-4000-8000-000000000001', appId: 'dddddddd-1111-4000-8000-000000000001', resourceTenantId: tenant, ipAddress: '198.51.100.7', isInteractive: true, signInEventTypes: ['interactiveUser'], status: { errorCode: 0 } };
    await run('ingest', put(folder, 'sign-ins.json', JSON.stringify({ value: [signIn] })));
    expect(JSON.parse((await run('ask', id, '--json')).out)).toMatchObject({ schema: 'whoran.activity/1', subject: { kind: 'identity', id: signIn.userId } });
  });
});
