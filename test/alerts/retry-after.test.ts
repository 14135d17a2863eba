/**
 * From a service's Retry-After to the time at which it is tried again: what it says is kept, and no longer than an hour.
 */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { DoubleServer } from '../../fixtures/doubles/double-server.ts';
import { ChannelError } from '../../src/alerts/channel.ts';
import { createChannel } from '../../src/alerts/index.ts';
import { channelSchema } from '../../src/config/channels/index.ts';
import { deadlineOf } from '../../src/core/deadline.ts';
import { channelRestMs } from '../../src/pipeline/alert-pace.ts';
import { EXAMPLE_ALERT } from './example-alert.ts';

const NOW = new Date('2026-01-15T12:00:00Z');
const MINUTE = 60_000;
let server: DoubleServer;
let retryAfter = '';

beforeEach(async () => {
  server = await DoubleServer.start({ handle: () => ({ status: 429, headers: { 'retry-after': retryAfter } }), refuse: () => ({ status: 500 }) });
});
afterEach(async () => { await server.close(); });

test.each([
  ['600', 10 * MINUTE],
  ['Thu, 15 Jan 2026 12:30:00 GMT', 30 * MINUTE],
  ['7200', 60 * MINUTE],
  ['999999999', 60 * MINUTE],
  ['9'.repeat(300), 60 * MINUTE],
  ['Thu, 15 Jan 2099 12:00:00 GMT', 60 * MINUTE],
  // No word: a minute, as after any failure.
  ['-5', MINUTE],
  ['1.5', MINUTE],
  ['in a while', MINUTE],
])('%s: tried again after %i ms', async (value, ms) => {
  retryAfter = value;
  const channel = await createChannel(channelSchema.parse({ id: 'hook', type: 'webhook', url: `${server.url}/x`, secret: '${KEY}' }), { env: { KEY: 'k'.repeat(40) }, stdout: { write: () => true }, version: '0.0.0' });
  const deadline = deadlineOf(5000);
  const failure = await channel.send(EXAMPLE_ALERT, { signal: deadline.signal, now: () => NOW, attempt: 1 }).then(() => undefined, (error: unknown) => error).finally(() => { deadline.end(); });
  if (!(failure instanceof ChannelError)) throw new Error(`expected a ChannelError, found ${String(failure)}`);
  expect(failure.isTransient).toBe(true);
  expect(channelRestMs(0, failure.retryAfterMs)).toBe(ms);
});
