import { expect, test } from 'vitest';
import { configSchema } from '../config/config.ts';
import { readServiceClock, serviceUrl } from './service-clock.ts';

test('AWS\'s sources are asked where they read; Entra\'s compare clocks themselves', () => {
  const tenant_id = '11111111-1111-4111-8111-111111111111';
  const { sources } = configSchema.parse({
    sources: [
      { type: 'cloudtrail-s3', id: 'a', bucket: 'example-trail', bucket_region: 'cn-north-1' },
      { type: 'cloudtrail-lookup', id: 'b', accounts: [{ account_id: '111122223333' }], regions: ['eu-central-1', 'us-east-1'] },
      { type: 'cloudwatch-logs', id: 'c', region: 'eu-west-1', groups: [{ name: 'x', holds: 'application' }], endpoint: 'https://vpce-1.example.com' },
      { type: 'entra-graph', id: 'd', tenant_id }, { type: 'entra-logs', id: 'e', tenant_id, workspace_id: tenant_id }, { type: 'files', id: 'f', path: '.' },
    ],
  });
  expect(sources.map(serviceUrl)).toEqual([
    'https://s3.cn-north-1.amazonaws.com.cn', 'https://cloudtrail.eu-central-1.amazonaws.com', 'https://vpce-1.example.com', undefined, undefined, undefined,
  ]);
});

test('what can\'t be reached is a reading without an answer', async () => {
  const now = (): Date => new Date();
  expect(await readServiceClock('http://127.0.0.1:1', { now, signal: new AbortController().signal })).toMatchObject({ host: '127.0.0.1:1', aheadMs: undefined, problem: expect.stringContaining('can\'t be reached') as string });
  expect(await readServiceClock('http://127.0.0.1:1', { now, signal: AbortSignal.abort() })).toMatchObject({ aheadMs: undefined });
});
