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
import { jsonText } from './_json.ts';
import { post } from './_http.ts';

/** A shorter key can be guessed: 256 bits in hex are 64 characters, in base64 44. */
const SHORTEST_SECRET = 32;
/** How Standard Webhooks writes a secret: base64 of the key's 24 to 64 bytes stands behind it. */
const PREFIX = 'whsec_';
const [FEWEST_BYTES, MOST_BYTES] = [24, 64];

/** The body of a message. */
export interface WebhookAlert extends Alert {
  readonly schema: 'whoran.alert/1';
}

/**
 * The signature of one message: `v1,` and the base64 of HMAC-SHA-256 over `id.timestamp.body`.
 * @param key of the HMAC: see `webhookKey`
 * @param timestamp seconds since 1970
 */
export function webhookSignature(key: Uint8Array, id: string, timestamp: number, body: string): string {
  return `v1,${createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest('base64')}`;
}

/**
 * The key that a secret stands for: behind `whsec_` what its base64 decodes to (Standard Webhooks, "Symmetric"), otherwise its characters
 * as they stand, in UTF-8.
 * @throws WhoranError (exit 2) where it is too short to keep, too long, or no base64; the message doesn't quote it
 */
export function webhookKey(secret: string, channelId: string): Uint8Array {
  const refuse = (what: string, hint: string): never => {
    throw new WhoranError(`channel ${channelId}: its secret ${what}`, { exitCode: EXIT.wrongUse, hint: `${hint}, and give it to the receiver.` });
  };
  if (!secret.startsWith(PREFIX)) {
    return secret.length < SHORTEST_SECRET ? refuse(`has fewer than ${SHORTEST_SECRET} characters`, 'Make one with `openssl rand -hex 32`') : Buffer.from(secret, 'utf8');
  }
  const hint = 'Make one with `echo "whsec_$(openssl rand -base64 32)"`';
  const encoded = secret.slice(PREFIX.length);
  // Node's decoder skips what is no base64, and would sign with a key that no receiver has.
  if (!/^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(encoded)) return refuse(`begins with ${PREFIX}, and what follows is no base64`, hint);
  const key = Buffer.from(encoded, 'base64');
  return key.length < FEWEST_BYTES || key.length > MOST_BYTES ? refuse(`stands for ${key.length} bytes, and Standard Webhooks has ${FEWEST_BYTES} to ${MOST_BYTES}`, hint) : key;
}

/** @param config with its references resolved. @throws WhoranError (exit 2) where a secret is none that can be signed with */
export function webhook(config: z.output<typeof webhookSchema>, version: string): Channel {
  const keys = [config.secret, ...(config.previous_secret === undefined ? [] : [config.previous_secret])].map((secret) => webhookKey(secret, config.id));
  const target = targetOf(config.url);
  const render = (alert: Alert): RenderedMessage => {
    const message: WebhookAlert = { schema: 'whoran.alert/1', ...alert };
    return { content_type: 'application/json', body: jsonText(message), headers: { 'idempotency-key': alert.key, 'webhook-id': alert.key }, cuts: [] };
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
          'webhook-signature': keys.map((key) => webhookSignature(key, alert.key, timestamp, body)).join(' '),
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
