/**
 * Session Manager's sessions into ECS tasks: what is staged of a StartSession, and that a copy which loses leaves nothing behind.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { SqlRow } from '../src/engine/database.ts';
import { ingest } from '../src/pipeline/ingest.ts';
import { rebuild } from '../src/pipeline/rebuild.ts';
import { openWriter } from '../src/store/writer.ts';
import { ACCOUNT, linesText, put, record, trailText, type Fields } from './cloudtrail-files.ts';
import { stagedOutcome } from './staged-outcome.ts';

const TASK = '0a1b2c3d4e5f60718293a4b5c6d7e8f9';
const DASHED = '0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'whoran-ssm-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

const startSession = (n: number, target: unknown, fields: Fields = {}): Fields =>
  record(n, {
    eventSource: 'ssm.amazonaws.com', eventName: 'StartSession', readOnly: false, requestParameters: { target },
    responseElements: { sessionId: `ada-${n}`, tokenValue: 'HIDDEN_DUE_TO_SECURITY_REASONS', streamUrl: 'wss://ssmmessages.eu-central-1.amazonaws.com/' }, ...fields,
  });

async function staged(...files: readonly (readonly [name: string, content: string])[]): Promise<SqlRow[]> {
  const writer = await openWriter(join(folder, 'data'));
  await ingest(writer, files.map(([name, content]) => put(folder, name, content)));
  const rows = await writer.db.all('select * exclude (batch_seq, member, record_number, record_sha256) from stg_ssm_sessions order by event_id, event_at');
  await writer.publishAndClose();
  return rows;
}

test('of a StartSession into a task everything is staged; other targets and other calls are left', async () => {
  const rows = await staged(['a.json.gz', trailText(
    startSession(1, `ecs:pay_roll_${TASK}_${TASK}-0527074092`, { requestParameters: { target: `ecs:pay_roll_${TASK}_${TASK}-0527074092`, documentName: 'AWS-StartPortForwardingSession' } }),
    startSession(2, 'i-0123456789abcdef0'),
    startSession(3, `ecs:prod_${TASK}_x`, { eventName: 'ResumeSession' }),
    startSession(4, `ecs:prod_${TASK}_x`, { eventSource: 'ecs.amazonaws.com' }),
  )]);
  expect(rows).toEqual([{
    account_id: ACCOUNT, event_id: 'aaaaaaaa-0000-4000-8000-000000000001', event_at: '2026-01-15T09:00:00Z', event_name: 'StartSession', aws_region: 'eu-central-1',
    source_ip: '198.51.100.7', user_agent: 'aws-cli/2', error_code: null, identity_type: 'AssumedRole', invoked_by: null, caller_key: 'ASIAEXAMPLE000000001',
    target: `ecs:pay_roll_${TASK}_${TASK}-0527074092`, document_name: 'AWS-StartPortForwardingSession', ssm_session_id: 'ada-1', cluster_name: 'pay_roll', task_key: `${ACCOUNT}/${TASK}`,
  }]);
});

test('a task id of the old form, and a target that is cut, is no text, or is not what it says', async () => {
  const rows = await staged(['a.jsonl', linesText(
    startSession(1, `ecs:prod_${DASHED.toUpperCase()}_${'f'.repeat(64)}`, { errorCode: 'AccessDeniedException', responseElements: null }),
    startSession(2, `ecs:prod_${TASK}`),
    startSession(3, { ecs: 'prod' }),
    startSession(4, null, { requestParameters: null }),
    startSession(5, "ecs:'; drop table stg_events_x\n"),
    startSession(6, `x-ecs:prod_${TASK}_y`),
  )]);
  expect(rows.map(({ target, cluster_name: cluster, task_key: task, ssm_session_id: session, error_code: error }) => [target, cluster, task, session, error])).toEqual([
    [`ecs:prod_${DASHED.toUpperCase()}_${'f'.repeat(64)}`, 'prod', `${ACCOUNT}/${TASK}`, null, 'AccessDeniedException'],
    [`ecs:prod_${TASK}`, null, null, 'ada-2', null],
    ["ecs:'; drop table stg_events_x\n", null, null, 'ada-5', null],
  ]);
});

test('a copy of a better source takes the place of another; a rebuild stages the same', async () => {
  const other = '9'.repeat(32);
  expect(await staged(['a.jsonl', linesText(startSession(1, `ecs:prod_${TASK}_x`))])).toMatchObject([{ task_key: `${ACCOUNT}/${TASK}` }]);
  expect(await staged(['b.json.gz', trailText(startSession(1, `ecs:prod_${other}_x`))])).toMatchObject([{ task_key: `${ACCOUNT}/${other}` }]);
  const writer = await openWriter(join(folder, 'data'));
  const before = await stagedOutcome(writer.db);
  writer.close();
  const again = await rebuild(join(folder, 'data'));
  expect(await stagedOutcome(again.db)).toEqual(before);
  expect(before['stg_ssm_sessions']).toHaveLength(1);
  again.close();
});
