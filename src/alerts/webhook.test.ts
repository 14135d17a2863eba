/**
 * The webhook's signature against Standard Webhooks' own vector, secrets in both forms, and the receiver's code of docs/webhook-signature.md.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { EXAMPLE_ALERT } from '../../test/alerts/example-alert.ts';
import { packageRoot } from '../core/package-root.ts';
import { webhookKey, webhookSignature } from './webhook.ts';

const PLAIN = 'not-to-be-seen-0123456789abcdef0123456789';
/** Of Standard Webhooks' tests. */
const PREFIXED = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';

test('signs as Standard Webhooks does, with its own vector', () => {
  expect(webhookSignature(webhookKey(PREFIXED, 'one'), 'msg_p5jXN8AQM9LWM0D4loKWxJek', 1_614_265_330, '{"test": 2432232314}')).toBe('v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=');
});

test.each([
  ['a secret of too few characters', 'x'.repeat(31), /fewer than 32 characters/],
  ['no base64 behind whsec_', 'whsec_not-to-be-seen-not-to-be-seen!', /no base64/],
  ['base64 of a length that none has', `whsec_${'A'.repeat(33)}`, /no base64/],
  ['too few bytes', `whsec_${Buffer.alloc(23, 7).toString('base64')}`, /stands for 23 bytes/],
  ['too many bytes', `whsec_${Buffer.alloc(65, 7).toString('base64')}`, /stands for 65 bytes/],
])('%s is refused, and not quoted', (_name, secret, words) => {
  const refusal = (): unknown => webhookKey(secret, 'one');
  expect(refusal).toThrow(words);
  expect(refusal).not.toThrow(secret.slice(6));
});

test('every length that the standard allows is taken; without its padding, which some receivers need, none is', () => {
  for (const length of [24, 25, 26, 32, 64]) {
    const bytes = Buffer.alloc(length, 100 + length);
    const encoded = bytes.toString('base64');
    expect(webhookKey(`whsec_${encoded}`, 'one')).toEqual(bytes);
    if (encoded.endsWith('=')) expect(() => webhookKey(`whsec_${encoded.replace(/=+$/, '')}`, 'one')).toThrow(/no base64/);
  }
});

test('the code that the document gives to receivers takes what we sign, and nothing else', async () => {
  const page = readFileSync(join(packageRoot(), 'docs', 'webhook-signature.md'), 'utf8');
  const code = /```js\n([^]*?)```/.exec(page)?.[1] ?? '';
  const { isSigned } = (await import(`data:text/javascript,${encodeURIComponent(code)}`)) as { isSigned: (secret: string, headers: Record<string, string>, body: Buffer) => boolean };
  const body = Buffer.from(JSON.stringify(EXAMPLE_ALERT));
  for (const secret of [PLAIN, PREFIXED]) {
    const headers = { 'webhook-id': EXAMPLE_ALERT.key, 'webhook-timestamp': '1768478400', 'webhook-signature': `v1,AAAA ${webhookSignature(webhookKey(secret, 'one'), EXAMPLE_ALERT.key, 1_768_478_400, body.toString('utf8'))}` };
    expect(isSigned(secret, headers, body)).toBe(true);
    expect(isSigned(secret, headers, Buffer.from('{}'))).toBe(false);
    expect(isSigned(secret, { ...headers, 'webhook-timestamp': '1768478401' }, body)).toBe(false);
    expect(isSigned(secret === PLAIN ? PREFIXED : PLAIN, headers, body)).toBe(false);
  }
});
