import { afterEach, describe, expect, test } from 'vitest';
import type { Fault } from '../../fixtures/doubles/double-server.ts';
import { openIdDouble, signingKey, type OpenIdOptions } from '../../fixtures/doubles/openid.ts';
import { entraIssuers, fetchSigningKeys, keysOf } from './openid-metadata.ts';

const TENANT = '11111111-1111-4111-8111-111111111111';
const V2 = `https://login.microsoftonline.com/${TENANT}/v2.0`;
const V1 = `https://sts.windows.net/${TENANT}/`;

let close: (() => Promise<void>) | undefined;
afterEach(async () => {
  await close?.();
  close = undefined;
});

async function asked(options: Partial<OpenIdOptions> = {}, { issuer = V2, signal = new AbortController().signal, ca }: { issuer?: string; signal?: AbortSignal; ca?: string } = {}): Promise<{ kids: (string | undefined)[]; paths: string[] }> {
  const { server } = await openIdDouble({ issuer, ...options });
  close = async () => server.close();
  const keys = await fetchSigningKeys(issuer, { signal, endpoint: server.url, ca: ca ?? server.certificate ?? '' });
  return { kids: keys.map(({ kid }) => kid), paths: server.requests.map(({ url }) => url.pathname) };
}

test('the issuers of a tenant, in its cloud', () => {
  expect(entraIssuers(TENANT, 'AzureCloud')).toEqual([V2, V1]);
  expect(entraIssuers(TENANT, 'AzureChinaCloud')[0]).toBe(`https://login.chinacloudapi.cn/${TENANT}/v2.0`);
});

test.each([V2, V1])('keys come from the metadata of %s', async (issuer) => {
  const { kids, paths } = await asked({}, { issuer });
  expect(kids).toEqual(['key-1']);
  expect(paths).toEqual([`${new URL(issuer).pathname.replace(/\/$/, '')}/.well-known/openid-configuration`, `/${TENANT}/discovery/v2.0/keys`]);
});

describe('what is not right is refused', () => {
  test.each<[string, (document: Record<string, unknown>) => unknown, RegExp]>([
    ['another issuer', (document) => ({ ...document, issuer: V1 }), /is that of another issuer/],
    ['keys on a stranger\'s host', (document) => ({ ...document, jwks_uri: 'https://keys.example.com/keys' }), /not on a host of Entra's/],
    ['keys over http', (document) => ({ ...document, jwks_uri: `http://login.microsoftonline.com/${TENANT}/discovery/v2.0/keys` }), /not on a host of Entra's/],
    ['no keys', ({ issuer }) => ({ issuer }), /not on a host of Entra's/],
    ['no object', () => 5, /something else than JSON/],
    ['a megabyte and more', (document) => ({ ...document, filler: 'x'.repeat(1_100_000) }), /more than 1048576 bytes/],
  ])('%s', async (_name, metadata, message) => {
    await expect(asked({ metadata })).rejects.toThrow(message);
  });

  test.each<[Fault, RegExp]>([
    [{ kind: 'status', status: 302 }, /status 302/],
    [{ kind: 'status', status: 500 }, /status 500/],
    [{ kind: 'reset' }, /could not be asked .*\((ECONNRESET|no answer)\)/],
    [{ kind: 'reset_mid_body' }, /could not be asked|status 200/],
  ])('%j', async (fault, message) => {
    await expect(asked({ fault: () => fault })).rejects.toThrow(message);
  });

  test('a certificate that nobody vouches for', async () => {
    await expect(asked({}, { ca: '' })).rejects.toThrow(/could not be asked for the issuer's keys/);
  });

  test('a host that hangs, when the caller\'s signal says so', async () => {
    const controller = new AbortController();
    setTimeout(() => { controller.abort(new Error('interrupted')); }, 30);
    await expect(asked({ fault: () => ({ kind: 'hang' }) }, { signal: controller.signal })).rejects.toThrow('interrupted');
  });

  test('http', async () => {
    await expect(fetchSigningKeys(V2, { signal: new AbortController().signal, endpoint: 'http://127.0.0.1:1' })).rejects.toThrow(/only https/);
  });
});

test('of a keys document only RSA signing keys of this issuer count', () => {
  const { jwk } = signingKey('a');
  const template = 'https://login.microsoftonline.com/{tenantid}/v2.0';
  const document = { keys: [{ ...jwk, kid: 'mine', issuer: template }, { ...jwk, kid: 'theirs', issuer: 'https://login.microsoftonline.com/other/v2.0' }, { ...jwk, kid: 'enc', use: 'enc' }, { kty: 'oct', kid: 'secret', k: 'AAAA' }, null] };
  expect(keysOf(document, V2).map(({ kid }) => kid)).toEqual(['mine']);
  expect(() => keysOf({ keys: [{ kty: 'oct', k: 'AAAA' }] }, V2)).toThrow(/no RSA signing key/);
  expect(() => keysOf([], V2)).toThrow(/no RSA signing key/);
});
