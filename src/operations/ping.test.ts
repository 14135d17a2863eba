import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { ping } from './ping.ts';

let server: Server;
let got: { path: string; body: string }[];
let answer: (response: ServerResponse, count: number) => void;
let base: string;

beforeEach(async () => {
  got = [];
  answer = (response) => { response.writeHead(200).end('OK'); };
  server = createServer((request: IncomingMessage, response) => {
    let body = '';
    request.on('data', (piece: Buffer) => { body += piece.toString(); });
    request.on('end', () => {
      got.push({ path: `${request.method ?? ''} ${request.url ?? ''}`, body });
      answer(response, got.length);
    });
  });
  await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve); });
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterEach(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => { server.close(resolve); });
});

const signal = new AbortController().signal;
const send = async (isSuccess: boolean, failureSuffix = '/fail', more = {}): Promise<string | null> =>
  ping({ url: `${base}/secret-uuid?rid=1`, failureSuffix }, isSuccess, 'whoran run r1: done', { signal, waitMs: 1, ...more });

test('success at the URL itself, failure behind its path, with the summary', async () => {
  expect(await send(true)).toBeNull();
  expect(await send(false)).toBeNull();
  expect(await send(false, '')).toBeNull();
  expect(got).toEqual([{ path: 'POST /secret-uuid?rid=1', body: 'whoran run r1: done' }, { path: 'POST /secret-uuid/fail?rid=1', body: 'whoran run r1: done' }]);
});

test('tries again after 5xx, 429 and a reset, and says so when it gives up, without the URL', async () => {
  answer = (response, count) => {
    if (count === 1) response.writeHead(503).end();
    else if (count === 2) response.destroy();
    else response.writeHead(200).end();
  };
  expect(await send(true)).toBeNull();
  expect(got).toHaveLength(3);
  answer = (response) => { response.writeHead(500).end('secret-uuid'); };
  const failure = await send(true);
  expect(failure).toMatch(/^127\.0\.0\.1:\d+ did not take the ping in 3 attempts: HTTP 500$/);
  expect(failure).not.toContain('secret-uuid');
});

test('a refusal is final; a silence ends at the timeout; nobody there is said', async () => {
  answer = (response) => { response.writeHead(404).end(); };
  expect(await send(true)).toMatch(/answered HTTP 404/);
  expect(got).toHaveLength(1);
  answer = () => undefined;
  expect(await send(true, '/fail', { timeoutMs: 50, attempts: 2 })).toMatch(/did not take the ping in 2 attempts: no answer within 0\.05 s/);
  expect(await ping({ url: 'http://127.0.0.1:1/x', failureSuffix: '' }, true, '', { signal, waitMs: 1 })).toMatch(/could not be reached/);
  expect(await ping({ url: 'no url', failureSuffix: '' }, true, '', { signal })).toMatch(/is not a URL/);
});

test('stops when told to', async () => {
  answer = () => undefined;
  const stop = new AbortController();
  const sent = ping({ url: base, failureSuffix: '' }, true, '', { signal: stop.signal });
  setTimeout(() => { stop.abort(); }, 50);
  expect(await sent).toMatch(/was stopped/);
});
