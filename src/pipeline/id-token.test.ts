import { describe, expect, test } from 'vitest';
import { confusedToken, signingKey, signToken, unsignedToken } from '../../fixtures/doubles/openid.ts';
import { WhoranError } from '../core/errors.ts';
import { verifyIdToken, type IdentityEntry } from './id-token.ts';

const TENANT = '11111111-1111-4111-8111-111111111111';
const APP = '33333333-3333-4333-8333-333333333333';
const OID = '577ee9df-94cf-4519-bd74-3a58de216883';
const ISSUER = `https://login.microsoftonline.com/${TENANT}/v2.0`;
const NOW = new Date('2026-01-15T09:00:00Z');
const seconds = NOW.getTime() / 1000;
const KEY = signingKey('key-1');
const STRANGER = signingKey('key-1');

const CLAIMS = { iss: ISSUER, aud: APP, sub: 'dBi3ftsXdsxufJv8VkrJqidwvI-J51n2RA10ZVmEH3w', oid: OID.toUpperCase(), tid: TENANT, name: 'Alice Weber', nonce: 'whatever', iat: seconds - 300, nbf: seconds - 300, exp: seconds + 3600, uti: 'c874WMifAk-OqBkIlk-ELg' };

async function verified(token: string, keys: readonly object[] = [KEY.jwk]): Promise<IdentityEntry> {
  return verifyIdToken(token, { issuers: new Map([[ISSUER, TENANT]]), audiences: new Set([APP]), keysOf: async () => Promise.resolve(keys as Record<string, unknown>[]), now: NOW });
}

/** The refusal, which must hold nothing of the token. */
async function refusal(token: string, keys?: readonly object[]): Promise<string> {
  const error: unknown = await verified(token, keys).then(() => undefined, (thrown: unknown) => thrown);
  if (!(error instanceof WhoranError)) throw new Error('it was taken, or failed otherwise');
  expect(error.cause).toBeUndefined();
  const told = `${error.message} ${error.hint ?? ''} ${error.stack ?? ''}`;
  for (const part of token.split('.').filter(({ length }) => length > 8)) expect(told).not.toContain(part);
  for (const claim of [CLAIMS.sub, CLAIMS.name, CLAIMS.oid, CLAIMS.uti]) expect(told).not.toContain(claim);
  return error.message;
}

test('of a right token the registry\'s entry is taken', async () => {
  expect(await verified(signToken(KEY, CLAIMS))).toEqual({ issuer: ISSUER, audience: APP, subject: CLAIMS.sub, tenant_id: TENANT, object_id: OID, name: 'Alice Weber', kind: 'person' });
  expect(await verified(signToken(KEY, { ...CLAIMS, name: undefined, preferred_username: 'alice@example.com' }), [signingKey('key-0').jwk, KEY.jwk])).toMatchObject({ name: 'alice@example.com' });
});

test('one that expired within the grace is taken, too', async () => {
  expect((await verified(signToken(KEY, { ...CLAIMS, exp: seconds - 23 * 3600 }))).object_id).toBe(OID);
});

describe('signatures', () => {
  test.each<[string, () => string, RegExp]>([
    ['none at all', () => unsignedToken(CLAIMS), /no signed ID token/],
    ['none, with a signature all the same', () => `${unsignedToken(CLAIMS)}AAAA`, /not signed with RS256/],
    ['HS256 with the public key as its secret', () => confusedToken(KEY, CLAIMS), /not signed with RS256/],
    ['RS384 by name', () => signToken(KEY, CLAIMS, { alg: 'RS384' }), /not signed with RS256/],
    ['a stranger\'s key under the same name', () => signToken(STRANGER, CLAIMS), /signature is wrong/],
    ['a key that is not published', () => signToken(KEY, CLAIMS, { kid: 'key-2' }), /does not publish/],
    ['a critical extension', () => signToken(KEY, CLAIMS, { crit: ['b64'], b64: false }), /signature is wrong/],
    ['claims changed afterwards', () => {
      const [head, , signature] = signToken(KEY, CLAIMS).split('.');
      return `${head ?? ''}.${Buffer.from(JSON.stringify({ ...CLAIMS, oid: APP })).toString('base64url')}.${signature ?? ''}`;
    }, /signature is wrong/],
    ['cut short', () => signToken(KEY, CLAIMS).slice(0, -10), /signature is wrong/],
  ])('%s: refused', async (_name, token, message) => {
    expect(await refusal(token())).toMatch(message);
  });

  test('a key that is too short is not used', async () => {
    const weak = signingKey('key-1', 1024);
    expect(await refusal(signToken(weak, CLAIMS), [weak.jwk])).toMatch(/signature is wrong/);
  });
});

describe('claims', () => {
  test.each<[string, Record<string, unknown>, RegExp]>([
    ['an issuer that is not trusted', { iss: 'https://login.microsoftonline.com/22222222-2222-4222-8222-222222222222/v2.0' }, /issuer is none of the configured/],
    ['the issuer with a slash more', { iss: `${ISSUER}/` }, /issuer is none of the configured/],
    ['no issuer', { iss: undefined }, /issuer is none of the configured/],
    ['an unknown audience', { aud: OID }, /audience that is not known/],
    ['several audiences', { aud: [APP, OID] }, /audience that is not known/],
    ['another tenant', { tid: OID }, /tenant is not that of its issuer/],
    ['expired long ago', { exp: seconds - 25 * 3600 }, /expired more than 24 hours ago/],
    ['no expiration', { exp: undefined }, /has no expiration/],
    ['an expiration in words', { exp: 'never' }, /has no expiration/],
    ['not valid yet', { nbf: seconds + 600 }, /not valid yet/],
    ['issued in the future', { iat: seconds + 600 }, /not valid yet/],
    ['no subject', { sub: '' }, /no subject/],
    ['no object id', { oid: undefined }, /no object id/],
    ['a workload', { sub: CLAIMS.oid }, /a workload's/],
    ['an access token', { scp: 'jobs.run', azp: APP }, /this is an access token/],
    ['a token for another client', { azp: OID }, /this is an access token/],
  ])('%s: refused', async (_name, changed, message) => {
    expect(await refusal(signToken(KEY, { ...CLAIMS, ...changed }))).toMatch(message);
  });

  test.each(['', 'hello', 'a.b', `${'a'.repeat(40_000)}.b.c`, 'e30.e30.e30', 'e30.bnVsbA.e30', '....'])('no token: refused', async (token) => {
    expect(await refusal(token)).toMatch(/no signed ID token|not signed with RS256/);
  });

  test('keys are asked for a trusted issuer only', async () => {
    const keysOf = async (): Promise<never> => Promise.reject(new Error('asked'));
    const token = signToken(KEY, { ...CLAIMS, iss: 'https://attacker.example.com/' });
    await expect(verifyIdToken(token, { issuers: new Map([[ISSUER, TENANT]]), audiences: new Set([APP]), keysOf, now: NOW })).rejects.toThrow(/none of the configured/);
  });
});
