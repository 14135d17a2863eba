/**
 * Any HTTPS receiver: the alert as JSON, signed as Standard Webhooks has it (https://www.standardwebhooks.com), so that the receiver knows who
 * sent it and drops what it has seen. docs/webhook-signature.md tells receivers how.
 */
import { createHmac } from 'node:crypto';
import type { webhookSchema } from '../config/channels/index.ts';
import type { z } from 'zod';
import { EXIT, WhoranError } from '../core/errors.ts';
import { NOTICES, type Alert } from './alert.ts';
import type { Channel, Receipt, RenderedMessage, SendContext } from './channel.ts';
import { post } from './_http.ts';

/** A shorter key can be guessed: 256 bits in hex are 64 characters, in base64 44. */
const SHORTEST_SECRET = 32;

/** The body of a message. */
export interface WebhookAlert extends Alert {
  readonly schema: 'whoran.alert/1';
}

/**
 * The signature of one message: `v1,` and the base64 of HMAC-SHA-256 over `id.timestamp.body`.
 * @param timestamp seconds since 1970
 */
export function webhookSignature(secret: string, id: string, timestamp: number, body: string): string {
  return `v1,${createHmac('sha256', secret).update(`${id}.${timestamp}.${body}`).digest('base64')}`;
}

/** @param config with its references resolved. @throws WhoranError (exit 2) where a secret is short */
export function webhook(config: z.output<typeof webhookSchema>, version: string): Channel {
  const secrets = [config.secret, ...(config.previous_secret === undefined ? [] : [config.previous_secret])];
  if (secrets.some((secret) => secret.length < SHORTEST_SECRET)) {
    throw new WhoranError(`channel ${config.id}: its secret has fewer than ${SHORTEST_SECRET} characters`, { exitCode: EXIT.wrongUse, hint: 'Make one with `openssl rand -hex 32`, and give it to the receiver.' });
  }
  const target = targetOf(config.url);
  const render = (alert: Alert): RenderedMessage => {
    const message: WebhookAlert = { schema: 'whoran.alert/1', ...alert };
    return { content_type: 'application/json', body: JSON.stringify(message), headers: { 'idempotency-key': alert.key, 'webhook-id': alert.key }, cuts: [] };
  };
  return {
    id: config.id,
    type: 'webhook',
    notices: NOTICES,
    honoursKey: true,
    target,
    render,
    send: async (alert: Alert, { signal, now }: SendContext): Promise<Receipt> => {
      const { body, headers, content_type: type } = render(alert);
      const timestamp = Math.floor(now().getTime() / 1000);
      await post({
        hint: 'Look at what the receiver says of it: it has to take any JSON, and check the signature by docs/webhook-signature.md.',
        url: config.url,
        headers: {
          ...headers, 'content-type': type, 'user-agent': `whoran/${version}`, 'webhook-timestamp': String(timestamp),
          'webhook-signature': secrets.map((secret) => webhookSignature(secret, alert.key, timestamp, body)).join(' '),
        },
        body, signal, now, who: target,
      });
      return { id: null };
    },
  };
}

/** The host alone: a path or query may be a secret. */
function targetOf(url: string): string {
  try {
    return new URL(url).host;
  } catch {
    return 'an address that is no URL';
  }
}
