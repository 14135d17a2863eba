/**
 * The daemon's own little server: `/metrics`, `/healthz` and `/readyz`, nothing else, read-only. It says nothing about people,
 * but how a company is doing is nobody else's business either: loopback, unless told otherwise.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { EXIT, WhoranError } from '../core/errors.ts';
import { inert } from '../core/inert.ts';
import type { Health } from './health.ts';

export interface Address {
  readonly host: string;
  /** 0: any that is free. */
  readonly port: number;
}

export interface OperationsPages {
  readonly metrics: () => Promise<{ readonly contentType: string; readonly text: string }>;
  readonly health: () => Health;
  readonly readiness: () => Health;
}

export interface OperationsServer {
  readonly address: Address;
  readonly close: () => Promise<void>;
}

/** A client that sends nothing is let go after this. */
const IDLE_MS = 10_000;

/**
 * `PORT` on loopback, or `HOST:PORT`, an IPv6 address in brackets.
 * @throws WhoranError (wrong use)
 */
export function readAddress(text: string): Address {
  const match = /^(?:(\[[0-9a-f:.]+\]|[^\s:[\]]+):)?(\d{1,5})$/i.exec(text);
  const port = Number(match?.[2]);
  if (!match || port > 65_535) {
    throw new WhoranError(`--metrics: ${JSON.stringify(text.slice(0, 60))} is no port`, { exitCode: EXIT.wrongUse, hint: 'Give a port (9464, on loopback) or an address (0.0.0.0:9464, [::]:9464).' });
  }
  return { host: match[1]?.replace(/^\[|\]$/g, '') ?? '127.0.0.1', port };
}

/**
 * Listens.
 * @throws WhoranError (wrong use) where the address can't be had
 */
export async function serveOperations(address: Address, pages: OperationsPages): Promise<OperationsServer> {
  const server = createServer({ requestTimeout: IDLE_MS, headersTimeout: IDLE_MS, keepAliveTimeout: IDLE_MS }, (request, response) => {
    answer(request, response, pages).catch(() => {
      if (!response.headersSent) response.writeHead(500);
      response.end();
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(address.port, address.host, () => {
      server.removeListener('error', reject);
      resolve();
    });
  }).catch((error: unknown) => {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'it failed';
    throw new WhoranError(`--metrics: cannot listen on ${inert(address.host)}:${address.port} (${code})`, { exitCode: EXIT.wrongUse, hint: 'Choose another port, or an address of this machine.', cause: error });
  });
  return {
    address: { host: address.host, port: (server.address() as AddressInfo).port },
    close: async () => {
      const closed = new Promise<void>((resolve) => {
        server.close(() => { resolve(); });
      });
      server.closeAllConnections();
      await closed;
    },
  };
}

async function answer(request: IncomingMessage, response: ServerResponse, pages: OperationsPages): Promise<void> {
  const path = (request.url ?? '').split('?')[0];
  const headers = { 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' };
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    response.writeHead(405, { ...headers, allow: 'GET, HEAD' }).end();
    return;
  }
  if (path === '/metrics') {
    const { contentType, text } = await pages.metrics();
    send(request, response, 200, { ...headers, 'content-type': contentType }, text);
  } else if (path === '/healthz' || path === '/readyz') {
    const { isWell, document } = path === '/healthz' ? pages.health() : pages.readiness();
    send(request, response, isWell ? 200 : 503, { ...headers, 'content-type': 'application/json' }, `${JSON.stringify(document)}\n`);
  } else {
    send(request, response, 404, { ...headers, 'content-type': 'text/plain; charset=utf-8' }, 'There are /metrics, /healthz and /readyz.\n');
  }
}

function send(request: IncomingMessage, response: ServerResponse, status: number, headers: Record<string, string>, body: string): void {
  response.writeHead(status, { ...headers, 'content-length': Buffer.byteLength(body) });
  response.end(request.method === 'HEAD' ? undefined : body);
}
