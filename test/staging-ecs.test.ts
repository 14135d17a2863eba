import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Database, SqlRow } from '../src/engine/database.ts';
import { frames } from '../src/landing/framing.ts';
import { addFrames, framedDatabase, stagedRows } from './framed-relation.ts';

let database: Database;
beforeEach(async () => {
  database = await framedDatabase();
});
afterEach(() => {
  database.close();
});

const ARN = 'arn:aws:ecs:eu-west-1:111122223333:task/jobs/C13B4cb40f1f4fe4a2971f76ae5a47ad';
const task = {
  version: '0', id: 'event-1', 'detail-type': 'ECS Task State Change', source: 'aws.ecs', account: '111122223333', time: '2026-01-15T09:00:00Z', region: 'eu-west-1',
  detail: {
    taskArn: ARN, clusterArn: 'arn:aws:ecs:eu-west-1:111122223333:cluster/jobs', taskDefinitionArn: 'arn:aws:ecs:eu-west-1:111122223333:task-definition/job:1',
    version: 4, lastStatus: 'STOPPED', desiredStatus: 'STOPPED', launchType: 'FARGATE', startedBy: 'ecs-svc/1', group: 'service:job',
    createdAt: '2026-01-15T08:59:00.402Z', startedAt: '2026-01-15T08:59:30Z', stoppedAt: '2026-01-15T09:00:00.75Z', stopCode: 'UserInitiated', stoppedReason: 'Task stopped by user',
    attachments: [{ type: 'eni', details: [{ name: 'subnetId', value: 'subnet-1' }, { name: 'privateIPv4Address', value: '10.0.0.9' }] }],
    containers: [{ networkInterfaces: [{ privateIpv4Address: '10.0.0.9' }, { privateIpv4Address: '10.0.0.10', ipv6Address: '2001:db8::1' }] }, {}],
  },
};

async function rows(file: 'task_events' | 'ecs_events', content: unknown): Promise<SqlRow[]> {
  await database.run('delete from framed');
  await addFrames(database, frames(Buffer.from(JSON.stringify(content)), 'file'), 1);
  return await stagedRows(database, file);
}
async function one(content: unknown): Promise<SqlRow> {
  const [row] = await rows('task_events', content);
  return row ?? {};
}
const changed = (detail: object, envelope: object = {}): object => ({ ...task, ...envelope, detail: { ...task.detail, ...detail } });

describe('task_events', () => {
  it('reads every field', async () => {
    expect(await one(task)).toMatchObject({
      account_id: '111122223333', event_id: 'event-1', event_at: '2026-01-15T09:00:00Z', task_key: '111122223333/c13b4cb40f1f4fe4a2971f76ae5a47ad', task_arn: ARN,
      task_version: 4, last_status: 'STOPPED', launch_type: 'FARGATE', started_by: 'ecs-svc/1', task_group: 'service:job', created_at: '2026-01-15T08:59:00.402Z',
      started_at: '2026-01-15T08:59:30Z', stopped_at: '2026-01-15T09:00:00.750Z', stop_code: 'UserInitiated', private_addresses: ['10.0.0.10', '10.0.0.9', '2001:db8::1'],
      aws_region: 'eu-west-1', source_rank: 3, reject_reason: null,
    });
  });

  it('ranks a copy that CloudWatch Logs carried before EventBridge’s (RULINGS 20)', async () => {
    expect(await one({ events: [{ timestamp: 1, message: JSON.stringify(task) }] })).toMatchObject({ event_id: 'event-1', source_rank: 2 });
  });

  it('keys a task by account and id, dashes and cluster left out', async () => {
    const key = async (taskArn: string, account?: string): Promise<unknown> => {
      const row = await one(changed({ taskArn }, account === undefined ? {} : { account }));
      return row['reject_reason'] ?? row['task_key'];
    };
    expect(await key('arn:aws:ecs:us-east-1:111122223333:task/b99d40b3-5176-4f71-9a52-9dbd6f1cebef')).toBe('111122223333/b99d40b351764f719a529dbd6f1cebef');
    expect(await key('arn:aws-cn:ecs:cn-north-1:444455556666:task/c/b99d40b3', '')).toBe('444455556666/b99d40b3');
    expect(await key('arn:aws:ecs:us-east-1:111122223333:service/x')).toBe('field detail.taskArn: expected the ARN of a task, found "arn:aws:ecs:us-east-1:111122223333:service/x"');
    expect(await key('')).toBe('field detail.taskArn: expected the ARN of the task, found none');
    expect(await key('arn:aws:ecs:us-east-1:x:task/abc', '')).toBe('field account: expected the account of the event, found none');
  });

  it('rejects what was there and is not what it should be', async () => {
    const reason = async (content: object): Promise<unknown> => (await one(content))['reject_reason'];
    expect(await reason(changed({ version: 'four' }))).toBe('field detail.version: expected a whole number, found "four"');
    expect(await reason(changed({ version: undefined }))).toBeNull();
    expect(await reason(changed({ startedAt: 'soon' }))).toBe('field detail.startedAt: expected a time, found "soon"');
    expect(await reason(changed({ stoppedAt: 'infinity' }))).toBe('field detail.stoppedAt: expected a time, found "infinity"');
    expect(await reason(changed({}, { time: undefined }))).toBe('field time: expected a time, found none');
    expect(await reason(changed({}, { id: '' }))).toBe('field id: expected the id of the event, found none');
  });

  it('takes values of any type, without an error', async () => {
    for (const odd of [null, 7, 'text', [], {}, [null], [[]], { details: 7 }]) {
      await rows('task_events', changed(Object.fromEntries(Object.keys(task.detail).map((name) => [name, odd]))));
      expect((await one(changed({ attachments: odd, containers: odd })))['reject_reason']).toBeNull();
    }
  });
});

describe('ecs_events', () => {
  it('has all the other kinds, and task_events none of them', async () => {
    const deployment = {
      ...task, 'detail-type': 'ECS Deployment State Change', resources: ['arn:aws:ecs:eu-west-1:111122223333:cluster/jobs', 'arn:aws:ecs:eu-west-1:111122223333:service/jobs/job'],
      detail: { eventName: 'SERVICE_DEPLOYMENT_COMPLETED', deploymentId: 'ecs-svc/123', clusterArn: 'arn:c' },
    };
    const found = await rows('ecs_events', [deployment, task, { ...deployment, time: 'x' }, { ...deployment, 'detail-type': undefined }]);
    expect(found).toMatchObject([
      { detail_type: 'ECS Deployment State Change', event_name: 'SERVICE_DEPLOYMENT_COMPLETED', deployment_id: 'ecs-svc/123', service_arn: 'arn:aws:ecs:eu-west-1:111122223333:service/jobs/job', cluster_arn: 'arn:c', source_rank: 3, reject_reason: null },
      { reject_reason: 'field time: expected a time, found "x"' },
      { reject_reason: 'field detail-type: expected the kind of the event, found none' },
    ]);
    expect(await stagedRows(database, 'task_events')).toHaveLength(1);
  });
});
