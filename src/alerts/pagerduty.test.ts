/**
 * `alerts test` on PagerDuty, over loopback: nobody is left with an incident of a test.
 */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { DoubleServer } from '../../fixtures/doubles/double-server.ts';
import { EXAMPLE_ALERT } from '../../test/alerts/example-alert.ts';
import { pagerdutySchema } from '../config/channels/index.ts';
import { deadlineOf } from '../core/deadline.ts';
import { ChannelError, type Channel } from './channel.ts';
import { pagerduty } from './pagerduty.ts';

const KEY = 'not-to-be-seen-0123456789abcdef0';
const TEST = { ...EXAMPLE_ALERT, notice: 'test' as const, findings: [], findings_total: 0, link: null };
let server: DoubleServer;
let status: (action: string) => number = () => 202;
/** Actions that were taken, by dedup_key. */
const taken = new Map<string, string[]>();

beforeEach(async () => {
  taken.clear();
  status = () => 202;
  server = await DoubleServer.start({
    handle: ({ body }) => {
      const event = JSON.parse(body.toString('utf8')) as { readonly event_action: string; readonly dedup_key: string };
      const answer = status(event.event_action);
      if (answer === 202) taken.set(event.dedup_key, [...(taken.get(event.dedup_key) ?? []), event.event_action]);
      return { status: answer, body: JSON.stringify({ status: 'success', dedup_key: event.dedup_key }) };
    },
    refuse: () => ({ status: 500 }),
  });
});
afterEach(async () => { await server.close(); });

const channel = (): Channel => pagerduty({ ...pagerdutySchema.parse({ id: 'one', type: 'pagerduty', routing_key: '${KEY}', endpoint: server.url }), routing_key: KEY });
async function send(): Promise<unknown> {
  const deadline = deadlineOf(5000);
  return channel().send(TEST, { signal: deadline.signal, now: () => new Date('2026-01-15T12:00:00Z'), attempt: 1 }).finally(() => { deadline.end(); });
}

test('a test is triggered and resolved; --dry-run shows both events', async () => {
  await send();
  expect([...taken]).toEqual([[TEST.group_key, ['trigger', 'resolve']]]);
  const { body, content_type: type } = await channel().render(TEST);
  expect(type).toBe('application/jsonl');
  expect(body.split('\n').map((line) => (JSON.parse(line) as { readonly event_action: string }).event_action)).toEqual(['trigger', 'resolve']);
});

test('where it can not be resolved, the test fails and says what stands open', async () => {
  status = (action) => (action === 'resolve' ? 500 : 202);
  const failure = await send().then(() => undefined, (error: unknown) => error);
  if (!(failure instanceof ChannelError)) throw new Error(`expected a ChannelError, found ${String(failure)}`);
  expect(failure.message).toMatch(/opened and not resolved/);
  expect(failure.hint).toContain(TEST.group_key);
  expect(`${failure.message}${failure.hint ?? ''}`).not.toContain(KEY);
});

test('where it is refused, nothing is resolved', async () => {
  status = () => 400;
  await expect(send()).rejects.toThrow(/answered 400/);
  expect(server.requests.length).toBe(1);
});
