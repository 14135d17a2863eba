/**
 * Tokens for Graph: asked of the platform's default chain (or what is given), kept until they near their end, and asked for anew
 * once when Graph says that one has expired.
 */
import type { AuthenticationProvider } from '@microsoft/microsoft-graph-client';
import { DefaultAzureCredential, type TokenCredential } from '@azure/identity';
import type { EntraGraphConfig } from '../../config/sources/entra-graph.ts';
import { deadlineOf } from '../../core/deadline.ts';
import type { SourceEffects } from '../source.ts';
import type { GraphCloud } from './clouds.ts';
import { CredentialFailure, wordsOf } from './failures.ts';

/** A token with less left than this is not begun with. */
const LEAST_LEFT_MS = 5 * 60_000;
/** Whoever gives tokens answers within this, the chain's own attempts included, or is asked again. */
const PATIENCE_MS = 90_000;

export class GraphToken implements AuthenticationProvider {
  readonly #cloud: GraphCloud;
  readonly #make: () => TokenCredential;
  #credential: TokenCredential | undefined;
  #token: { readonly text: string; readonly expiresAt: number } | undefined;
  #asked: Promise<void> | undefined;

  constructor(config: EntraGraphConfig, cloud: GraphCloud, given?: TokenCredential) {
    this.#cloud = cloud;
    this.#make = given ? () => given : () => defaultChain(config, cloud);
  }

  /** What answers for the token, for people: the class of the credential. */
  get credentialName(): string {
    return this.#credential?.constructor.name ?? 'no credential';
  }

  /**
   * Sees to it that there is a token that lasts a while.
   * @throws CredentialFailure; the signal's reason
   */
  async refresh({ now, signal }: Pick<SourceEffects, 'now'> & { readonly signal: AbortSignal }): Promise<void> {
    if (this.#token && this.#token.expiresAt - now().getTime() > LEAST_LEFT_MS) return;
    const asked = (this.#asked ??= this.#ask());
    const late = deadlineOf(PATIENCE_MS, signal);
    try {
      // Not every credential of the chain obeys a signal.
      await Promise.race([asked, abortOf(late.signal)]);
    } catch (error) {
      if (late.isPast) throw new CredentialFailure(`no token for Graph within ${PATIENCE_MS / 1000} s`, true, error);
      throw error;
    } finally {
      late.end();
      if (this.#asked === asked) this.#asked = undefined;
    }
  }

  /** Called by the client's authentication step, for each request; `refresh` comes before it. */
  async getAccessToken(): Promise<string> {
    return Promise.resolve(this.#token?.text ?? '');
  }

  /** Graph refused the token: the next `refresh` asks for another, of a chain without a memory. */
  forget(): void {
    this.#token = undefined;
    this.#credential = undefined;
  }

  async #ask(): Promise<void> {
    try {
      this.#credential ??= this.#make();
      const token = await this.#credential.getToken(this.#cloud.scope);
      if (!token) throw new Error('the credential gave no token');
      this.#token = { text: token.token, expiresAt: token.expiresOnTimestamp };
    } catch (error) {
      throw new CredentialFailure(`no token for Graph: ${wordsOf(error)}`, isPassing(error), error);
    }
  }
}

function defaultChain({ tenant_id, client_id }: EntraGraphConfig, { authority }: GraphCloud): TokenCredential {
  const client = client_id === undefined ? {} : { managedIdentityClientId: client_id, workloadIdentityClientId: client_id };
  return new DefaultAzureCredential({ tenantId: tenant_id, authorityHost: authority, ...client });
}

async function abortOf(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    const abort = (): void => {
      reject(signal.reason instanceof Error ? signal.reason : new Error('aborted'));
    };
    if (signal.aborted) abort();
    else signal.addEventListener('abort', abort, { once: true });
  });
}

function isPassing(error: unknown): boolean {
  const status = typeof error === 'object' && error !== null && 'statusCode' in error ? error.statusCode : undefined;
  return typeof status === 'number' && (status === 429 || status >= 500);
}

/** What a token says of itself, for people only: whether it is good is for Graph to say. */
export interface TokenClaims {
  readonly tenantId: string | undefined;
  readonly appId: string | undefined;
  readonly isManaged: boolean;
}

const GUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** Undefined where the token can't be looked into. Only ids come out of it. */
export function claimsOf(token: string): TokenClaims | undefined {
  try {
    const payload = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString('utf8')) as Readonly<Record<string, unknown>>;
    const id = (value: unknown): string | undefined => (typeof value === 'string' && GUID.test(value) ? value.toLowerCase() : undefined);
    return { tenantId: id(payload['tid']), appId: id(payload['appid'] ?? payload['azp']), isManaged: typeof payload['xms_mirid'] === 'string' };
  } catch {
    return undefined;
  }
}
