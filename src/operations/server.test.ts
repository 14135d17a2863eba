import { createServer } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { health, readiness, type DaemonState } from './health.ts';
import { readAddress, serveOperations, type OperationsServer } from './server.ts';

const NOW = new Date('2026-02-03T03:00:00Z');
const STATE: DaemonState = { started_at: new Date('2026-02-01T00:00:00Z'), is_running: false, due_at: new Date('2026-02-04T02:30:00Z'), last: { run_id: 'r1', outcome: 'done', at: '2026-02-03T02:31:00Z' }, patience_ms: 3_600_000 };

describe('health', () => {
  test('alive while the next run is not overdue, nor the one at hand', () => {
    expect(health(STATE, NOW)).toMatchObject({ isWell: true, document: { status: 'ok', next_run_at: '2026-02-04T02:30:00.000Z', last_run_age_seconds: 1740 } });
    const running = { ...STATE, is_running: true, due_at: new Date('2026-02-03T02:30:00Z') };
    expect(health(running, NOW).isWell).toBe(true);
    expect(health(running, new Date('2026-02-03T03:30:01Z'))).toMatchObject({ isWell: false, document: { status: 'overdue', overdue_seconds: 3601, is_running: true } });
    expect(health(STATE, new Date('2026-02-04T03:30:01Z')).isWell).toBe(false);
  });

  test('ready when the last run left its work published', () => {
    expect(readiness(STATE, NOW).isWell).toBe(true);
    expect(readiness({ ...STATE, last: null }, NOW)).toMatchObject({ isWell: false, document: { status: 'no run has ended yet' } });
    expect(readiness({ ...STATE, last: { run_id: 'r1', outcome: 'failed', at: '2026-02-03T02:31:00Z' } }, NOW)).toMatchObject({ isWell: false, document: { status: 'the last run ended as failed' } });
  });
});

test.each<[string, { host: string; port: number }]>([
  ['9464', { host: '127.0.0.1', port: 9464 }],
  ['0.0.0.0:9464', { host: '0.0.0.0', port: 9464 }],
  ['[::1]:80', { host: '::1', port: 80 }],
  ['localhost:0', { host: 'localhost', port: 0 }],
])('%s is an address', (text, address) => {
  expect(readAddress(text)).toEqual(address);
});
test.each(['', 'x', '70000', ':9464', '1.2.3.4:', '::1:80'])('"%s" is none', (text) => {
  expect(() => readAddress(text)).toThrow(expect.objectContaining({ exitCode: 2 }) as Error);
});

describe('the server', () => {
  let server: OperationsServer | undefined;
  afterEach(async () => server?.close());

  test('answers its three pages to GET and HEAD, and nothing else', async () => {
    let isWell = true;
    const page = (): { isWell: boolean; document: Record<string, string> } => ({ isWell, document: { status: 'x' } });
    server = await serveOperations({ host: '127.0.0.1', port: 0 }, { metrics: () => Promise.resolve({ contentType: 'text/plain; version=0.0.4', text: 'a 1\n' }), health: page, readiness: page });
    const base = `http://127.0.0.1:${server.address.port}`;
    const metrics = await fetch(`${base}/metrics?x=1`);
    expect([metrics.status, metrics.headers.get('content-type'), await metrics.text()]).toEqual([200, 'text/plain; version=0.0.4', 'a 1\n']);
    expect((await fetch(`${base}/healthz`)).status).toBe(200);
    isWell = false;
    expect((await fetch(`${base}/healthz`)).status).toBe(503);
    expect(await (await fetch(`${base}/readyz`)).json()).toEqual({ status: 'x' });
    expect(await (await fetch(`${base}/metrics`, { method: 'HEAD' })).text()).toBe('');
    expect((await fetch(`${base}/metrics`, { method: 'POST' })).status).toBe(405);
    expect((await fetch(`${base}/../etc/passwd`)).status).toBe(404);
  });

  test('a page that fails is a 500, and a port that is taken is said', async () => {
    const page = (): never => {
      throw new Error('no');
    };
    server = await serveOperations({ host: '127.0.0.1', port: 0 }, { metrics: () => Promise.reject(new Error('no')), health: page, readiness: page });
    expect((await fetch(`http://127.0.0.1:${server.address.port}/metrics`)).status).toBe(500);
    expect((await fetch(`http://127.0.0.1:${server.address.port}/healthz`)).status).toBe(500);
    const taken = createServer();
    await new Promise<void>((resolve) => { taken.listen(0, '127.0.0.1', resolve); });
    const { port } = taken.address() as { port: number };
    await expect(serveOperations({ host: '127.0.0.1', port }, { metrics: () => Promise.reject(new Error('no')), health: page, readiness: page })).rejects.toMatchObject({ exitCode: 2, message: expect.stringContaining('EADDRINUSE') as string });
    await new Promise((resolve) => { taken.close(resolve); });
  });
});
