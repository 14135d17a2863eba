/**
 * SNS by its real SDK, against a stand-in on loopback that checks Publish's documented limits.
 */
import { fromTemporaryCredentials } from '@aws-sdk/credential-providers';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { DoubleServer, type DoubleAnswer, type DoubleRequest } from '../../fixtures/doubles/double-server.ts';
import { EXAMPLE_ALERT } from '../../test/alerts/example-alert.ts';
import { snsSchema } from '../config/channels/index.ts';
import { deadlineOf } from '../core/deadline.ts';
import type { Alert } from './alert.ts';
import { ChannelError, type Channel } from './channel.ts';
import { sns } from './sns.ts';

const TOPIC = 'arn:aws:sns:eu-central-1:111122223333:whoran-alerts';
let server: DoubleServer;
let refusal: { status: number; code: string } | undefined;
const published: URLSearchParams[] = [];

function handle(request: DoubleRequest): DoubleAnswer {
  if (!(request.headers['authorization'] ?? '').startsWith('AWS4-HMAC-SHA256 ')) return { status: 403, body: 'unsigned' };
  if (refusal) return { status: refusal.status, body: `<ErrorResponse><Error><Type>Sender</Type><Code>${refusal.code}</Code><Message>no</Message></Error><RequestId>1</RequestId></ErrorResponse>` };
  const form = new URLSearchParams(request.body.toString('utf8'));
  const [subject, message] = [form.get('Subject') ?? '', form.get('Message') ?? ''];
  const isFine = form.get('Action') === 'Publish' && /^[\x20-\x7e]{1,99}$/.test(subject) && message !== '' && Buffer.byteLength(message) <= 256 * 1024;
  if (!isFine) return { status: 400, body: '<ErrorResponse><Error><Code>InvalidParameter</Code></Error></ErrorResponse>' };
  published.push(form);
  return { status: 200, body: '<PublishResponse xmlns="http://sns.amazonaws.com/doc/2010-03-31/"><PublishResult><MessageId>m-1</MessageId></PublishResult></PublishResponse>' };
}

beforeEach(async () => {
  refusal = undefined;
  published.length = 0;
  server = await DoubleServer.start({ handle, refuse: () => ({ status: 500 }) });
});
afterEach(async () => { await server.close(); });

async function send(alert: Alert, topic = TOPIC): Promise<unknown> {
  const channel = sns(snsSchema.parse({ id: 'one', type: 'sns', topic_arn: topic, endpoint: server.url }), { credentials: async () => Promise.resolve({ accessKeyId: 'AKIAEXAMPLE', secretAccessKey: 'not-a-secret' }) });
  const deadline = deadlineOf(5000);
  try {
    return await channel.send(alert, { signal: deadline.signal, now: () => new Date(), attempt: 1 });
  } finally {
    deadline.end();
  }
}

test('published as text, with attributes to filter by', async () => {
  expect(await send(EXAMPLE_ALERT)).toEqual({ id: 'm-1' });
  const [form] = published;
  expect(form?.get('TopicArn')).toBe(TOPIC);
  expect(form?.get('Message')).toContain('whoran ask ASIAEXAMPLE000000001');
  const names = [...(form?.entries() ?? [])].filter(([key]) => key.endsWith('.Name')).map(([, value]) => value);
  expect(names).toEqual(expect.arrayContaining(['severity', 'detection', 'notice', 'finding_id']));
});

test('hostile and endless values keep the limits, and no control character gets through', async () => {
  const [finding] = EXAMPLE_ALERT.findings;
  if (!finding) throw new Error('the example has a finding');
  const title = 'é\r\nBcc: x\u0000\u202e';
  await send({ ...EXAMPLE_ALERT, title, findings: Array.from({ length: 10 }, () => ({ ...finding, what: '漢'.repeat(40_000) })) });
  expect(published[0]?.get('Subject')).not.toMatch(/[\r\n]/);
  expect(published[0]?.get('Message')).toContain('Left out here');
  expect(published[0]?.get('Message')).not.toMatch(/[\u0000\u202e\r]/);
});

test('a topic that keeps order gets group and key', async () => {
  await send(EXAMPLE_ALERT, `${TOPIC}.fifo`);
  expect(published[0]?.get('MessageGroupId')).toBe(EXAMPLE_ALERT.group_key);
  expect(published[0]?.get('MessageDeduplicationId')).toBe(EXAMPLE_ALERT.key);
});

test('no topic keeps to one message a key for good: one that keeps order does so for five minutes', () => {
  const made = (topic: string): Channel => sns(snsSchema.parse({ id: 'one', type: 'sns', topic_arn: topic }));
  expect(made(TOPIC)).toMatchObject({ honoursKey: false });
  expect(made(TOPIC).keyHeldMs).toBeUndefined();
  expect(made(`${TOPIC}.fifo`)).toMatchObject({ honoursKey: false, keyHeldMs: 300_000 });
});

test.each([
  [{ status: 403, code: 'AccessDenied' }, false, /trust policy/],
  [{ status: 400, code: 'Throttling' }, true, undefined],
  [{ status: 503, code: 'ServiceUnavailable' }, true, undefined],
])('a role that can not be assumed: %j is told apart, and is not the topic’s', async (given, isTransient, hint) => {
  refusal = given;
  const role = 'arn:aws:iam::111122223333:role/Alerts';
  const credentials = fromTemporaryCredentials({
    masterCredentials: { accessKeyId: 'AKIAEXAMPLE', secretAccessKey: 'not-a-secret' }, params: { RoleArn: role, RoleSessionName: 'whoran-alerts' },
    clientConfig: { region: 'eu-central-1', endpoint: server.url, maxAttempts: 1 },
  });
  const channel = sns(snsSchema.parse({ id: 'one', type: 'sns', topic_arn: TOPIC, endpoint: server.url, role_arn: role }), { credentials });
  const deadline = deadlineOf(5000);
  const failure = await channel.send(EXAMPLE_ALERT, { signal: deadline.signal, now: () => new Date(), attempt: 1 }).then(() => undefined, (error: unknown) => error).finally(() => { deadline.end(); });
  if (!(failure instanceof ChannelError)) throw new Error(`expected a ChannelError, found ${String(failure)}`);
  expect(failure.message).toBe(`AWS refused role ${role}: ${given.code}`);
  expect(failure.isTransient).toBe(isTransient);
  if (hint) expect(failure.hint).toMatch(hint);
  expect(published).toEqual([]);
});

test.each([
  [{ status: 403, code: 'AuthorizationError' }, false, /sns:Publish on arn:aws:sns/],
  [{ status: 404, code: 'NotFound' }, false, /no topic/],
  [{ status: 400, code: 'Throttled' }, true, undefined],
  [{ status: 500, code: 'InternalError' }, true, undefined],
])('%j is told apart', async (given, isTransient, hint) => {
  refusal = given;
  const failure = await send(EXAMPLE_ALERT).then(() => undefined, (error: unknown) => error);
  if (!(failure instanceof ChannelError)) throw new Error(`expected a ChannelError, found ${String(failure)}`);
  expect(failure.isTransient).toBe(isTransient);
  if (hint) expect(failure.hint).toMatch(hint);
});
