/**
 * Verifying one ID token of Entra's and taking from it what the identity registry keeps. Nothing of the token is in any error.
 */
import { compactVerify, createLocalJWKSet, decodeProtectedHeader, errors, type JSONWebKeySet } from 'jose';
import { EXIT, WhoranError } from '../core/errors.ts';
import type { PublishedKey } from '../sources/openid-metadata.ts';

/** An entry of the identity registry, as a registry file has it. */
export interface IdentityEntry {
  readonly issuer: string;
  readonly audience: string;
  readonly subject: string;
  readonly tenant_id: string;
  readonly object_id: string;
  readonly name: string | null;
  readonly kind: 'person';
}

export interface IdTokenChecks {
  /** The issuers that are trusted, with the tenant of each. */
  readonly issuers: ReadonlyMap<string, string>;
  readonly audiences: ReadonlySet<string>;
  /** The issuer's keys; asked for a trusted issuer only. */
  readonly keysOf: (issuer: string) => Promise<readonly PublishedKey[]>;
  readonly now: Date;
}

/**
 * How long after its expiration a token is still taken. The subject of a person is never given to another, so an old token proves
 * no less; the limit is there so that tokens aren't collected.
 */
export const GRACE_HOURS = 24;
const HOUR_SECONDS = 3600;
/** Clocks differ; Entra itself dates tokens back by five minutes (entra.md 2.1). */
const SKEW_SECONDS = 300;
/** Entra's tokens with 200 groups stay well below this. */
const LARGEST_CHARACTERS = 32_768;
const GUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
const SHAPE = /^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+$/;

/**
 * Checks a token's signature (RS256 alone), issuer, audience and times, and that it is a person's ID token. The nonce is not
 * looked at: whoever asked for the token is not here.
 * @throws WhoranError (wrong use) that says what was expected
 */
export async function verifyIdToken(token: string, checks: IdTokenChecks): Promise<IdentityEntry> {
  if (token.length > LARGEST_CHARACTERS || !SHAPE.test(token)) throw refused('this is no signed ID token', 'Give the token alone, three parts with dots between them, or the JSON answer that holds it as id_token.');
  if (header(token)['alg'] !== 'RS256') throw refused('the token is not signed with RS256', 'Entra signs ID tokens with RS256; no other algorithm is accepted, and none least of all.');
  const issuer = unverifiedIssuer(token);
  const tenant = issuer === undefined ? undefined : checks.issuers.get(issuer);
  if (issuer === undefined || tenant === undefined) {
    throw refused('the token\'s issuer is none of the configured tenants\'', `Trusted are ${list([...checks.issuers.keys()])}. Add the tenant under \`tenants\` in the configuration.`);
  }
  const claims = await verified(token, await checks.keysOf(issuer));
  if (claims['iss'] !== issuer) throw refused('the token\'s issuer changed while it was read', 'Give the token again.');
  checkTimes(claims, checks.now);
  const audience = text(claims, 'aud');
  if (audience === undefined || !checks.audiences.has(audience)) {
    throw refused('the token is for an audience that is not known', `Known are ${list([...checks.audiences])}. Add the application's (client) id under \`enrol.audiences\` in the configuration.`);
  }
  // Access tokens have a client beside the audience; AWS would record it in the audience's place (aws.md 1.1).
  if (claims['scp'] !== undefined || claims['appid'] !== undefined || (claims['azp'] !== undefined && claims['azp'] !== audience)) {
    throw refused('this is an access token', 'Give the ID token that was issued beside it: its audience is the client.');
  }
  return entry(claims, { issuer, audience, tenant });
}

function entry(claims: Claims, { issuer, audience, tenant }: { issuer: string; audience: string; tenant: string }): IdentityEntry {
  if (text(claims, 'tid')?.toLowerCase() !== tenant) throw refused('the token\'s tenant is not that of its issuer', 'Give a token of the tenant itself.');
  const subject = text(claims, 'sub');
  const objectId = text(claims, 'oid');
  if (subject === undefined) throw refused('the token has no subject', 'Give an ID token of Entra\'s.');
  if (objectId === undefined || !GUID.test(objectId)) throw refused('the token holds no object id', 'Ask for the token with the scopes `openid profile`: without profile Entra leaves the object id out.');
  if (subject === objectId) throw refused('the token is a workload\'s: its subject is its object id already', 'Nothing is to be enrolled for it.');
  return { issuer, audience, subject, tenant_id: tenant, object_id: objectId.toLowerCase(), name: text(claims, 'name') ?? text(claims, 'preferred_username') ?? null, kind: 'person' };
}

type Claims = Readonly<Record<string, unknown>>;

function checkTimes(claims: Claims, now: Date): void {
  const seconds = now.getTime() / 1000;
  const { exp, nbf, iat } = claims;
  if (typeof exp !== 'number') throw refused('the token has no expiration', 'Give an ID token of Entra\'s.');
  if (seconds > exp + GRACE_HOURS * HOUR_SECONDS) throw refused(`the token expired more than ${GRACE_HOURS} hours ago`, 'Sign in again and give the new token.');
  if ([nbf, iat].some((time) => typeof time === 'number' && time > seconds + SKEW_SECONDS)) throw refused('the token is not valid yet', 'See that this machine\'s clock is right: `whoran doctor`.');
}

async function verified(token: string, keys: readonly PublishedKey[]): Promise<Claims> {
  try {
    const { payload } = await compactVerify(token, createLocalJWKSet({ keys } as JSONWebKeySet), { algorithms: ['RS256'] });
    const claims: unknown = JSON.parse(Buffer.from(payload).toString('utf8'));
    if (typeof claims === 'object' && claims !== null && !Array.isArray(claims)) return claims as Claims;
  } catch (error) {
    // Not as a cause: the library's errors carry what they were given.
    if (error instanceof errors.JWKSNoMatchingKey || error instanceof errors.JWKSMultipleMatchingKeys) {
      throw refused('the token is signed with a key that its issuer does not publish', 'Give a token issued lately, by the tenant itself; with --jwks, fetch the keys anew.');
    }
  }
  throw refused('the token\'s signature is wrong', 'Give the token as it was issued, whole.');
}

function header(token: string): Readonly<Record<string, unknown>> {
  try {
    return decodeProtectedHeader(token);
  } catch {
    return {};
  }
}

/** Who the token says issued it: only used to choose among trusted issuers, whose keys then have to verify it. */
function unverifiedIssuer(token: string): string | undefined {
  try {
    const claims: unknown = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString('utf8'));
    return typeof claims === 'object' && claims !== null ? text(claims as Claims, 'iss') : undefined;
  } catch {
    return undefined;
  }
}

function text(claims: Claims, name: string): string | undefined {
  const value = claims[name];
  return typeof value === 'string' && value.trim() !== '' ? value : undefined;
}

function refused(what: string, hint: string): WhoranError {
  return new WhoranError(what, { exitCode: EXIT.wrongUse, hint });
}

function list(names: readonly string[]): string {
  return names.length === 0 ? 'none' : names.slice(0, 8).join(', ') + (names.length > 8 ? ` and ${names.length - 8} more` : '');
}
