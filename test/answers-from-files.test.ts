/**
 * From log files to the answer, for readings of the rules that tests of one layer cannot hold: what staging drops never
 * reaches correlation.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { main } from '../src/cli/program.ts';
import { ACCOUNT, guid, put, record, trailText } from './cloudtrail-files.ts';

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
