/**
 * What can go wrong between us and Graph, and what it means: try again, or stop and say which permission is missing. Of what the
 * service answers only its error code is shown: its messages may quote a skip token.
 */
import { GraphClientError } from '@microsoft/microsoft-graph-client';
import { inert } from '../../core/inert.ts';
import { RetriesExhausted, type Verdict } from '../_retry.ts';
import type { StreamFailure } from '../source.ts';

// Both of the SDK's own class, since it passes only its own through as they are. Its constructor
// makes plain ones of them all.

/** No answer, or not a whole one. */
export class TransportFailure extends GraphClientError {
  override readonly name = 'TransportFailure';
  /** Node's word for it, for example ECONNRESET; undefined where it isn't one that another attempt may mend. */
  readonly code: string | undefined;

  constructor(message: string, code: string | undefined, cause?: unknown) {
    super(message);
    Object.setPrototypeOf(this, new.target.prototype);
    this.code = code;
    this.cause = cause;
  }
}

/** No token. */
export class CredentialFailure extends GraphClientError {
  override readonly name = 'CredentialFailure';
  /** The token's issuer failed, not the credential. */
  readonly isPassing: boolean;

  constructor(message: string, isPassing: boolean, cause: unknown) {
    super(message);
    Object.setPrototypeOf(this, new.target.prototype);
    this.isPassing = isPassing;
    this.cause = cause;
  }
}

/** Graph answered, and it wasn't a page. */
export class GraphRefusal extends Error {
  override readonly name = 'GraphRefusal';
  readonly status: number;
  /** Graph's `error.code`, letters and the like only; empty where there is none. */
  readonly code: string;
  readonly retryAfterMs: number | undefined;

  constructor(operation: string, status: number, code: string, retryAfterMs?: number) {
    super(`${operation} answered ${status}${code === '' ? '' : ` ${code}`}`);
    this.status = status;
    this.code = code;
    this.retryAfterMs = retryAfterMs;
  }
}

/** What Graph says, again and again, and what nobody can be asked to wait for. */
export class GraphContradiction extends Error {
  override readonly name = 'GraphContradiction';
}

/** Throttling in all of Graph's wordings; most come with 429. */
const THROTTLED = /throttl|TooManyRequests|activityLimitReached|quotaLimitReached/i;
/** 408, 429, 5xx but "not implemented" and "version not supported"; 423 and 425 are passing too. */
const PASSING = new Set([408, 423, 425, 429, 500, 502, 503, 504, 507, 509]);
/** What 403 is called where the tenant has no Entra ID P1 or P2. */
const NO_LICENCE = /RequestFromNonPremiumTenantOrB2CTenant/i;

/** Whether a failed call is worth another attempt. */
export function judgeGraph(error: unknown): Verdict {
  if (error instanceof TransportFailure) {
    return error.code === undefined ? { retry: false } : { retry: true, reason: error.message };
  }
  if (error instanceof CredentialFailure) return error.isPassing ? { retry: true, reason: error.message } : { retry: false };
  if (!(error instanceof GraphRefusal)) return { retry: false };
  if (!PASSING.has(error.status) && !THROTTLED.test(error.code)) return { retry: false };
  const reason = error.status === 429 || THROTTLED.test(error.code) ? `throttled (${error.status})` : `answered ${error.status}`;
  return error.retryAfterMs === undefined ? { retry: true, reason } : { retry: true, reason, afterMs: error.retryAfterMs };
}

/** A next link that Graph no longer takes: the query begins anew. Its codes vary, and are empty for the log reports. */
export function isExpiredLink(error: unknown): boolean {
  return error instanceof GraphRefusal && (error.status === 400 || error.status === 410);
}

/** No answer came, however often it was asked. */
export function isUnreachable(error: unknown): boolean {
  return error instanceof TransportFailure || (error instanceof RetriesExhausted && isUnreachable(error.cause));
}

/** The object of the request is gone. */
export function isGone(error: unknown): boolean {
  return error instanceof GraphRefusal && error.status === 404;
}

/** Whether the tenant lacks the licence that reading sign-ins takes. */
export function lacksLicence(error: unknown): boolean {
  return error instanceof GraphRefusal && error.status === 403 && NO_LICENCE.test(error.code);
}

/** What to do about it; undefined where nobody can do anything but wait. */
export function hintFor(error: unknown, permission: string): string | undefined {
  if (error instanceof RetriesExhausted) return hintFor(error.cause, permission);
  if (error instanceof CredentialFailure) {
    return 'give the process an identity that Entra knows (a managed identity, a workload identity, or AZURE_TENANT_ID, AZURE_CLIENT_ID and a secret or certificate in its environment), and set client_id where there are several';
  }
  if (error instanceof TransportFailure && error.code === undefined) {
    return 'reach Graph over https with a certificate that this machine trusts; a proxy that re-signs needs its authority in NODE_EXTRA_CA_CERTS';
  }
  if (!(error instanceof GraphRefusal)) return undefined;
  if (lacksLicence(error)) return 'reading sign-ins takes Entra ID P1 or P2: license the tenant, or leave sign-ins to entra-logs or files';
  if (error.status === 403) return `grant the app Microsoft Graph's application permission ${permission}, and an administrator's consent to it`;
  if (error.status === 401) return 'Graph refuses the token: check that tenant_id and cloud are those of the identity that this process has';
  return undefined;
}

/** A stream's failure in words, nothing in them that could act, hide or be a secret. */
export function graphFailure(stream: string, error: unknown, permission: string): StreamFailure {
  const message = wordsOf(error);
  const hint = hintFor(error, permission);
  return hint === undefined ? { stream, message } : { stream, message, hint };
}

/** An error's message, harmless to look at, tokens out. */
export function wordsOf(error: unknown): string {
  const text = error instanceof Error ? error.message : 'failed for no known reason';
  return inert(withoutTokens(text).replace(/\s+/g, ' '), 400);
}

/** Whatever looks like a token or a secret becomes `…`: a credential's own words go through here. */
function withoutTokens(text: string): string {
  return text.replace(/eyJ[\w-]+(?:\.[\w-]+)*|[\w+/=~-]{40,}/g, '…');
}
