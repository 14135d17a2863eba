/**
 * What `doctor` says of channels, with real connections on loopback and the real log of messages.
 */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { configSchema, type ConfigSpec } from '../config/config.ts';
import { openAlertLog, type AlertEntry } from '../landing/alert-log.ts';
import { checkChannels, type ChannelChecks } from './doctor-channels.ts';
import type { DoctorCheck } from './doctor-checks.ts';

const NOW = new Date('2026-01-15T09:00:00Z');
let data: string;
const servers: Server[] = [];
beforeEach(() => {
  data = mkdtempSync(join(tmpdir(), 'whoran-doctor-channels-'));
  mkdirSync(join(data, 'landing'));
});
afterEach(async () => {
  for (const server of servers.splice(0)) await new Promise((resolve) => { server.close(resolve); });
  rmSync(data, { recursive: true });
});

/** A server that says `greeting` to whoever comes; its port. */
async function listening(greeting?: string): Promise<number> {
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    if (greeting !== undefined) socket.write(greeting);
  });
  servers.push(server);
  await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve); });
  return (server.address() as AddressInfo).port;
}

async function checked(alerts: ConfigSpec['alerts'], env: Readonly<Record<string, string>> = {}, options: Partial<ChannelChecks> = {}): Promise<DoctorCheck[]> {
  return checkChannels(data, configSchema.parse({ alerts }), { around: { env, stdout: { write: () => true }, version: '0' }, signal: new AbortController().signal, now: NOW, ...options });
}
const short = (checks: readonly DoctorCheck[], source: string | null): string[] => checks.filter((check) => check.source === source).map(({ what, outcome, found }) => `${outcome}: ${what}: ${found}`);

describe('routes', () => {
  test('no channel at all is a warning: nobody is told', async () => {
    expect(short(await checked({}), null)).toEqual(['warning: somebody is told: no channel is configured: findings are listed, and nobody is told']);
  });

  test('channels without a route, a channel that no route names, a route to what is turned off', async () => {
    const channels = [{ id: 'one', type: 'file' as const, path: '-' }, { id: 'off', type: 'file' as const, path: '-', enabled: false }];
    expect(short(await checked({ channels }), null)).toEqual(['missing: routes lead somewhere: there is no route: channels are configured, and nothing is sent to them']);
    const checks = await checked({ channels, routes: [{ channels: ['off'] }] });
    expect(short(checks, null)).toEqual(['failed: routes lead somewhere: route 1 (off): every channel named is turned off']);
    expect(short(checks, 'one')).toContain('warning: is named by a route: no route and no digest names it: nothing is ever sent to it');
    expect(short(checks, 'off')).toEqual(['not_tried: try it: it is turned off']);
    const named = await checked({ channels: channels.slice(0, 1), routes: [{ channels: ['one'] }], digest: { at: '08:00', channels: ['one'] } });
    expect(short(named, 'one')).toContain('ok: is named by a route: route 1, the digest');
    expect(named.every(({ outcome }) => outcome === 'ok' || outcome === 'not_tried')).toBe(true);
  });
});

describe('secrets and connections', () => {
  const routes = [{ channels: ['hook'] }];
  const hook = { id: 'hook', type: 'webhook' as const, url: '${HOOK}', secret: '${KEY}' };

  test('a variable that is not set is named, and nothing is tried', async () => {
    const checks = await checked({ channels: [hook], routes }, { HOOK: 'https://hooks.example.com/s3cret' }, { reach: () => { throw new Error('nothing is to be reached'); } });
    expect(checks.find(({ outcome }) => outcome === 'missing')).toMatchObject({ source: 'hook', found: expect.stringContaining('KEY is not set') as string });
    expect(JSON.stringify(checks)).not.toContain('s3cret');
  });

  test('a service that listens is reached; one that does not is failed, by host and port alone', async () => {
    const port = await listening();
    const env = (at: number): Record<string, string> => ({ HOOK: `http://127.0.0.1:${at}/s3cret`, KEY: 'k3y'.repeat(20) });
    expect(short(await checked({ channels: [hook], routes }, env(port)), 'hook')).toContain(`ok: can be reached: 127.0.0.1:${port} answers`);
    const [server] = servers.splice(0);
    await new Promise((resolve) => { server?.close(resolve); });
    const down = await checked({ channels: [hook], routes }, env(port));
    expect(short(down, 'hook')).toContain(`failed: can be reached: 127.0.0.1:${port}: ECONNREFUSED`);
    expect(JSON.stringify(down)).not.toMatch(/s3cret|k3y/);
  });

  test('a mail server greets; whatever else listens there is none', async () => {
    const mail = async (greeting: string): Promise<string[]> => {
      const port = await listening(greeting);
      return short(await checked({ channels: [{ id: 'mail', type: 'email', host: '127.0.0.1', port, security: 'none', from: 'a@example.com', to: ['b@example.com'] }], routes: [{ channels: ['mail'] }] }), 'mail');
    };
    expect((await mail('220 mail.example.com ESMTP\r\n')).join()).toContain('ok: can be reached');
    expect((await mail('554 no service\r\n')).join()).toContain('it greets as no mail server that takes mail does');
  });

  test('a service that says nothing costs until the signal, and no longer', async () => {
    const port = await listening('');
    const stop = new AbortController();
    const waiting = checked({ channels: [{ id: 'mail', type: 'email', host: '127.0.0.1', port, security: 'none', from: 'a@example.com', to: ['b@example.com'] }], routes: [{ channels: ['mail'] }] }, {}, { signal: stop.signal });
    stop.abort(new Error('stop'));
    expect(short(await waiting, 'mail').join()).toContain('failed: can be reached');
  });
});

test('what was given up, and what a channel last failed with, is a warning; a test of it is none of its messages', async () => {
  const log = openAlertLog(data);
  const at = NOW.toISOString();
  const planned = (key: string, channel: string, notice: string): AlertEntry => ({ kind: 'planned', at, key, channel, notice, group_key: key, finding_ids: [], openings: [] });
  log.append([
    planned('a', 'one', 'fired'), { kind: 'sending', at, key: 'a', attempt: 1 }, { kind: 'sent', at, key: 'a', attempt: 1, receipt: null },
    planned('b', 'two', 'fired'), { kind: 'sending', at, key: 'b', attempt: 1 }, { kind: 'failed', at, key: 'b', attempt: 1, message: 'it answered 404', retry_at: null, is_transient: false },
    planned('t', 'one', 'test'), { kind: 'sending', at, key: 't', attempt: 1 }, { kind: 'failed', at, key: 't', attempt: 1, message: 'a test failed', retry_at: null },
  ]);
  log.close();
  const checks = await checked({ channels: [{ id: 'one', type: 'file', path: '-' }, { id: 'two', type: 'file', path: '-' }], routes: [{ channels: ['one', 'two'] }] });
  expect(short(checks, 'one')).toContain(`ok: takes what it is sent: 1 sent, the last at ${at.replace('.000Z', 'Z')}, 0 waiting, 0 given up`);
  expect(short(checks, 'two').join()).toContain('warning: takes what it is sent: 0 sent, 0 waiting, 1 given up; last failure at');
});
