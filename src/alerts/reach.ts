/**
 * Whether a channel's service can be reached from here: its name is resolved, a connection is opened and, where it is encrypted from
 * the start, its certificate is checked; a mail server's greeting is awaited. Nothing is asked and nobody is told anything.
 */
import { connect as connectPlain, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { ChannelConfig } from '../config/channels/index.ts';
import { expanded, type Environment } from '../config/environment.ts';

/** Where a channel connects to. Holds no secret: hosts alone. */
export interface Endpoint {
  readonly host: string;
  readonly port: number;
  readonly isTls: boolean;
  /** A mail server, which greets first. */
  readonly greets: boolean;
}

/** What came of it, in a few words without a secret. */
export interface Reached {
  readonly isReached: boolean;
  readonly found: string;
}

/** Where a channel's messages go; null for a file, and where a reference to the environment has no value that is a URL. */
export function endpointOf(config: ChannelConfig, env: Environment): Endpoint | null {
  switch (config.type) {
    case 'file':
      return null;
    case 'email':
      return { host: expanded(config.host, env).text, port: config.port, isTls: config.security === 'tls', greets: true };
    case 'sns': {
      const region = config.region ?? config.topic_arn.split(':')[3] ?? '';
      return ofUrl(config.endpoint ?? `https://sns.${region}.amazonaws.com${region.startsWith('cn-') ? '.cn' : ''}`, env);
    }
    case 'pagerduty':
      return ofUrl(config.endpoint, env);
    case 'webhook':
      return ofUrl(config.url, env);
    case 'slack':
    case 'teams':
      return ofUrl(config.webhook_url, env);
  }
}

function ofUrl(written: string, env: Environment): Endpoint | null {
  const { text } = expanded(written, env);
  if (!URL.canParse(text)) return null;
  const { hostname, port, protocol } = new URL(text);
  const isTls = protocol === 'https:';
  return { host: hostname.replace(/^\[|\]$/g, ''), port: port === '' ? (isTls ? 443 : 80) : Number(port), isTls, greets: false };
}

/** Opens a connection and closes it again. Never throws: what fails is in the answer. */
export async function reach({ host, port, isTls, greets }: Endpoint, signal: AbortSignal): Promise<Reached> {
  // A signal that is aborted already calls nobody who listens from now on.
  if (signal.aborted) return { isReached: false, found: `${host}:${port}: it was given up` };
  let socket: Socket | undefined;
  try {
    return await new Promise<Reached>((resolve, reject) => {
      const done = (): void => { resolve({ isReached: true, found: `${host}:${port} answers${isTls ? ', with a certificate that is trusted' : ''}` }); };
      signal.addEventListener('abort', () => { reject(new Error('no answer in time')); }, { once: true });
      socket = isTls ? connectTls({ host, port, servername: /^[\d.]+$|:/.test(host) ? '' : host }) : connectPlain({ host, port });
      socket.once('error', reject);
      socket.once('close', () => { reject(new Error('the connection was closed before an answer')); });
      if (greets) {
        // RFC 5321 §3.1: a server that takes mail greets with 220.
        socket.once('data', (bytes) => { if (bytes.toString('latin1').startsWith('220')) done(); else reject(new Error('it greets as no mail server that takes mail does')); });
      } else socket.once(isTls ? 'secureConnect' : 'connect', done);
    });
  } catch (error) {
    return { isReached: false, found: `${host}:${port}: ${reasonOf(error)}` };
  } finally {
    socket?.removeAllListeners();
    socket?.on('error', () => undefined);
    socket?.destroy();
  }
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return 'it failed';
  const code = 'code' in error && typeof error.code === 'string' ? error.code : undefined;
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') return `its name is not resolved (${code})`;
  return code ?? error.message;
}
