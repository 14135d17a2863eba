/**
 * The end of the Graph client's chain: sends the request through node:https and answers with the body's own bytes, content
 * encoding undone. The client's own end is `fetch`, which on Node 20 takes no certificate authority besides the process's.
 */
import type { Context, Middleware } from '@microsoft/microsoft-graph-client';
import { Agent, request } from 'node:https';
import type { IncomingMessage } from 'node:http';
import { rootCertificates } from 'node:tls';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { deadlineOf } from '../../core/deadline.ts';
import { TransportFailure } from './failures.ts';

export interface HttpsOptions {
  /** A further authority to trust, PEM. */
  readonly ca?: string | undefined;
  /** So long without a byte is a failure. */
  readonly idleMs: number;
  /** So long for a whole answer is one too. */
  readonly wholeMs: number;
}

/** No page of 1,000 rows comes near; it bounds what an answer can do to memory. */
const MAXIMUM_BODY_BYTES = 256 * 1024 * 1024;
/** A body for these is no body at all, says `Response`. */
const WITHOUT_BODY = new Set([204, 205, 304]);
/** Failures that another attempt may mend; what is wrong with a certificate or a name in the configuration is not among them. */
const PASSING = new Set([
  'ECONNRESET', 'ECONNREFUSED', 'ECONNABORTED', 'EPIPE', 'ETIMEDOUT', 'EHOSTUNREACH', 'ENETUNREACH', 'ENETDOWN', 'EAI_AGAIN', 'ENOTFOUND',
  'ERR_STREAM_PREMATURE_CLOSE', 'Z_BUF_ERROR', 'Z_DATA_ERROR', 'HPE_INVALID_CONSTANT',
]);

const unpacked = promisify(gunzip);

/** See above. Throws TransportFailure, or the reason of the request's own signal. */
export class HttpsHandler implements Middleware {
  readonly #options: HttpsOptions;
  readonly #agent: Agent;

  constructor(options: HttpsOptions) {
    this.#options = options;
    this.#agent = new Agent({ keepAlive: true, ...(options.ca === undefined ? {} : { ca: [...rootCertificates, options.ca] }) });
  }

  async execute(context: Context): Promise<void> {
    // Text, never a Request: ours come through `WholeUrl`.
    const url = String(context.request as unknown);
    const headers = { ...(context.options?.headers as Record<string, string> | undefined), 'accept-encoding': 'gzip' };
    const given = context.options?.signal ?? undefined;
    const whole = deadlineOf(this.#options.wholeMs, given);
    try {
      const incoming = await this.#send(new URL(url), headers, whole.signal);
      const body = await bodyOf(incoming);
      const status = incoming.statusCode ?? 0;
      context.response = new Response(WITHOUT_BODY.has(status) ? null : body, { status, headers: plainHeaders(incoming) });
    } catch (error) {
      given?.throwIfAborted();
      throw whole.isPast ? new TransportFailure(`no whole answer within ${this.#options.wholeMs / 1000} s`, 'ETIMEDOUT', error) : asFailure(error);
    } finally {
      whole.end();
    }
  }

  #send(url: URL, headers: Record<string, string>, signal: AbortSignal): Promise<IncomingMessage> {
    return new Promise((resolve, reject) => {
      const sent = request(url, { method: 'GET', headers, agent: this.#agent, signal }, resolve);
      sent.setTimeout(this.#options.idleMs, () => {
        sent.destroy(new TransportFailure(`no answer for ${this.#options.idleMs / 1000} s`, 'ETIMEDOUT'));
      });
      sent.on('error', reject);
      sent.end();
    });
  }
}

async function bodyOf(incoming: IncomingMessage): Promise<Buffer<ArrayBuffer>> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of incoming as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > MAXIMUM_BODY_BYTES) throw new TransportFailure(`an answer of more than ${MAXIMUM_BODY_BYTES / 1024 / 1024} MiB`, undefined);
    chunks.push(chunk);
  }
  const body = Buffer.concat(chunks);
  if (incoming.headers['content-encoding'] !== 'gzip') return body;
  return Buffer.from(await unpacked(body, { maxOutputLength: MAXIMUM_BODY_BYTES }));
}

function plainHeaders(incoming: IncomingMessage): [string, string][] {
  return Object.entries(incoming.headers).flatMap(([name, value]): [string, string][] => (typeof value === 'string' && name !== 'content-encoding' ? [[name, value]] : []));
}

function asFailure(error: unknown): TransportFailure {
  if (error instanceof TransportFailure) return error;
  const code = error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : 'unknown failure';
  return new TransportFailure(`the connection failed (${code})`, PASSING.has(code) ? code : undefined, error);
}
