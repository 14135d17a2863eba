/**
 * The keys that an Entra tenant signs its tokens with, from the issuer's own metadata over https.
 */
import { get, type RequestOptions } from 'node:https';
import type { SourceConfig } from '../config/sources/index.ts';
import { deadlineOf } from '../core/deadline.ts';

/** A national cloud, by the name that Azure's tools use. */
export type Cloud = Extract<SourceConfig, { type: 'entra-graph' }>['cloud'];

/** Hosts that issue tokens and publish keys, per cloud (entra.md 2.1; cor_tokens.sql knows the same). */
const HOSTS: Readonly<Record<Cloud, { readonly login: readonly string[]; readonly sts: readonly string[] }>> = {
  AzureCloud: { login: ['login.microsoftonline.com'], sts: ['sts.windows.net'] },
  AzureUSGovernment: { login: ['login.microsoftonline.us'], sts: ['sts.microsoftonline.us', 'sts.windows.net'] },
  AzureUSGovernmentDoD: { login: ['login.microsoftonline.us'], sts: ['sts.microsoftonline.us', 'sts.windows.net'] },
  AzureChinaCloud: { login: ['login.chinacloudapi.cn', 'login.partner.microsoftonline.cn'], sts: ['sts.chinacloudapi.cn'] },
};

/** The `iss` of tokens of a tenant in a cloud: of version 2, then of version 1, whose slash at the end is part of it. */
export function entraIssuers(tenantId: string, cloud: Cloud): string[] {
  const { login, sts } = HOSTS[cloud];
  return [...login.map((host) => `https://${host}/${tenantId}/v2.0`), ...sts.map((host) => `https://${host}/${tenantId}/`)];
}

/** A key as a keys document has it; `issuer` may hold `{tenantid}`. */
export interface PublishedKey {
  readonly kty?: string;
  readonly use?: string;
  readonly kid?: string;
  readonly issuer?: string;
  readonly [member: string]: unknown;
}

export interface MetadataOptions {
  readonly signal: AbortSignal;
  /** In place of the issuer's host and that of its keys: a private endpoint, or a stand-in. https only. */
  readonly endpoint?: string;
  /** A certificate to trust in place of the usual ones, PEM. */
  readonly ca?: string;
}

/** The issuer's metadata or keys could not be had, or are not right. Holds nothing of a token. */
export class MetadataError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'MetadataError';
  }
}

const LARGEST_BYTES = 1024 * 1024;
const TIMEOUT_MS = 15_000;

/**
 * The keys that `issuer` signs with now. Its metadata must name the issuer itself, and keys on a host of Entra's.
 * @param issuer one of `entraIssuers`: never a token's own word
 * @throws MetadataError; the signal's reason
 */
export async function fetchSigningKeys(issuer: string, options: MetadataOptions): Promise<PublishedKey[]> {
  const metadata = await fetchJson(`${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`, options);
  if (metadata['issuer'] !== issuer) throw new MetadataError(`the metadata of ${issuer} is that of another issuer`);
  const keysUrl = URL.canParse(String(metadata['jwks_uri'])) ? new URL(String(metadata['jwks_uri'])) : undefined;
  if (keysUrl?.protocol !== 'https:' || !isEntraHost(keysUrl.host)) throw new MetadataError(`the metadata of ${issuer} names keys that are not on a host of Entra's`);
  return keysOf(await fetchJson(keysUrl.href, options), issuer);
}

/**
 * The signing keys of a keys document (`{"keys":[…]}`) that may sign for `issuer`: RSA, for signatures, and of no other issuer.
 * @throws MetadataError where there is none
 */
export function keysOf(document: unknown, issuer: string): PublishedKey[] {
  const listed = typeof document === 'object' && document !== null && 'keys' in document && Array.isArray(document.keys) ? (document.keys as unknown[]) : [];
  const tenant = new URL(issuer).pathname.split('/')[1] ?? '';
  const keys = listed.filter((key): key is PublishedKey => {
    if (typeof key !== 'object' || key === null) return false;
    const { kty, use, issuer: owner } = key as PublishedKey;
    return kty === 'RSA' && (use === undefined || use === 'sig') && (owner === undefined || owner.replace('{tenantid}', tenant) === issuer);
  });
  if (keys.length === 0) throw new MetadataError(`there is no RSA signing key of ${issuer} among the keys`);
  return keys;
}

function isEntraHost(host: string): boolean {
  return Object.values(HOSTS).some(({ login, sts }) => login.includes(host) || sts.includes(host));
}

async function fetchJson(address: string, { signal, endpoint, ca }: MetadataOptions): Promise<Record<string, unknown>> {
  const url = new URL(address);
  const target = endpoint === undefined ? url : new URL(url.pathname + url.search, endpoint);
  if (target.protocol !== 'https:') throw new MetadataError(`${target.host}: only https is trusted with an issuer's keys`);
  const deadline = deadlineOf(TIMEOUT_MS, signal);
  const text = await fetchText(target, { signal: deadline.signal, headers: { accept: 'application/json' }, ...(ca === undefined ? {} : { ca }) }).catch((error: unknown) => {
    signal.throwIfAborted();
    if (error instanceof MetadataError) throw error;
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'no answer';
    throw new MetadataError(`${url.host} could not be asked for the issuer's keys (${code === 'ABORT_ERR' ? `no answer in ${TIMEOUT_MS / 1000} s` : code})`);
  }).finally(() => {
    deadline.end();
  });
  try {
    const parsed: unknown = JSON.parse(text);
    if (typeof parsed === 'object' && parsed !== null) return parsed as Record<string, unknown>;
  } catch {
    // Told below.
  }
  throw new MetadataError(`${url.host} answered something else than JSON`);
}

/** The body of a 200. Redirects are not followed: keys come from where they were asked for. */
async function fetchText(url: URL, options: RequestOptions & { readonly ca?: string }): Promise<string> {
  return new Promise((resolve, reject) => {
    const request = get(url, options, (response) => {
      const chunks: Buffer[] = [];
      let bytes = 0;
      response.on('error', reject);
      response.on('data', (chunk: Buffer) => {
        bytes += chunk.length;
        if (bytes > LARGEST_BYTES) request.destroy(new MetadataError(`${url.host} answered more than ${LARGEST_BYTES} bytes`));
        chunks.push(chunk);
      });
      response.on('end', () => {
        if (response.statusCode === 200 && response.complete) resolve(Buffer.concat(chunks).toString('utf8'));
        else reject(new MetadataError(`${url.host} answered with status ${response.statusCode ?? '?'}`));
      });
    });
    request.on('error', reject);
  });
}
