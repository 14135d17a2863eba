/**
 * Graph, a page at a time: the SDK's client with the outer retry, the tenant's request limits, and the body's own bytes.
 */
import { AuthenticationHandler, Client, ResponseType, TelemetryHandler, type Context, type Middleware, type MiddlewareOptions } from '@microsoft/microsoft-graph-client';
import type { TokenCredential } from '@azure/identity';
import type { EntraGraphConfig } from '../../config/sources/entra-graph.ts';
import { retrying } from '../_retry.ts';
import type { SourceEffects } from '../source.ts';
import { graphCloud } from './clouds.ts';
import { GraphContradiction, GraphRefusal, TransportFailure, judgeGraph } from './failures.ts';
import { HttpsHandler } from './https-handler.ts';
import { sharedLimit, type RequestLimit } from './request-limit.ts';
import { GraphToken } from './token.ts';

export interface GraphGiven {
  /** In place of the platform's default chain. */
  readonly credential?: TokenCredential;
  /** A further certificate authority to trust, PEM. */
  readonly ca?: string;
  /** So long without a byte is a failure. Default 60 s. */
  readonly idleMs?: number;
}

/** Whose limit a request counts against. */
export type Allowance = 'reports' | 'directory';

/** One query. */
export interface GraphQuery {
  readonly version: 'beta' | 'v1.0';
  /** Below the version, no slash before it: `auditLogs/signIns`. */
  readonly path: string;
  /** `$filter`, `$select`, `$top`: as they are, not yet encoded. */
  readonly options: Readonly<Record<string, string>>;
  readonly allowance: Allowance;
}

/** A page of a collection. */
export interface GraphPage {
  readonly bytes: Buffer;
  readonly rows: readonly unknown[];
  /** A whole URL, to be followed as it is; undefined on the last page. */
  readonly nextLink: string | undefined;
}

export type Effects = SourceEffects & { readonly signal: AbortSignal };

/**
 * What the service allows: 5 requests in 10 s an app and tenant for the log reports, any of them (Graph's "throttling limits",
 * identity and access reports). The directory counts resource units, 3,500 in 10 s for the smallest tenants, and a list costs at
 * most 5: a seventh of that is left alone by other apps, surely. Half a second more, for requests that catch each other up.
 */
const LIMITS: Readonly<Record<Allowance, { readonly count: number; readonly perMs: number }>> = {
  reports: { count: 5, perMs: 10_500 },
  directory: { count: 100, perMs: 10_500 },
};
const IDLE_MS = 60_000;
/** Ten times as long for a whole page. */
const WHOLE = 10;

/** Says in words what a query asks for: path and options, never a skip token. */
export function originOf({ version, path, options }: GraphQuery): string {
  const asked = Object.entries(options).map(([name, value]) => `${name}=${value}`);
  return `${version}/${path}${asked.length === 0 ? '' : `?${asked.join('&')}`}`;
}

export class GraphClient {
  readonly token: GraphToken;
  readonly #config: EntraGraphConfig;
  readonly #origin: string;
  readonly #client: Client;
  #aheadMs = 0;

  constructor(config: EntraGraphConfig, given: GraphGiven = {}) {
    const cloud = graphCloud(config);
    this.#config = config;
    this.#origin = cloud.origin;
    this.token = new GraphToken(config, cloud, given.credential);
    const idleMs = given.idleMs ?? IDLE_MS;
    this.#client = Client.initWithMiddleware({
      baseUrl: cloud.origin,
      // Without its host here the client leaves the token out, and says nothing.
      customHosts: new Set([new URL(cloud.origin).hostname]),
      // The client's own chain also retries, which the outer policy does, and follows redirects, of which Graph has none for us.
      middleware: [new WholeUrl(), new AuthenticationHandler(this.token), new TelemetryHandler(), new HttpsHandler({ ca: given.ca, idleMs, wholeMs: idleMs * WHOLE })],
    });
  }

  /** By how much this machine's clock is ahead of the service's, in ms, as its last answer says; negative where it is behind, or the answer took long. */
  get aheadMs(): number {
    return this.#aheadMs;
  }

  /**
   * A query's page: the first, or the one that a link leads to.
   * @throws GraphRefusal, TransportFailure, CredentialFailure where that is final; RetriesExhausted; GraphContradiction where the
   *   link leads to another host; the signal's reason
   */
  async page(query: GraphQuery, link: string | undefined, effects: Effects, deadlineMs = this.#config.deadline_minutes * 60_000): Promise<GraphPage> {
    const operation = `GET ${query.version}/${query.path}`;
    const url = link ?? this.#url(query);
    if (!URL.canParse(url) || new URL(url).origin !== this.#origin) throw new GraphContradiction(`${operation}: its next page is said to be on another host; it was not asked`);
    const limit = this.#limit(query.allowance);
    return retrying(
      operation,
      effects,
      judgeGraph,
      async () => {
        await limit.turn(effects);
        await this.token.refresh(effects);
        let response = await this.#send(url, effects);
        if (response.status === 401) {
          this.token.forget();
          await this.token.refresh(effects);
          await limit.turn(effects);
          response = await this.#send(url, effects);
        }
        const bytes = Buffer.from(await response.arrayBuffer());
        if (response.status !== 200) {
          const refusal = refusalOf(operation, response, bytes, effects.now());
          if (refusal.status === 429 && refusal.retryAfterMs !== undefined) limit.hold(effects.now().getTime() + refusal.retryAfterMs);
          throw refusal;
        }
        return { bytes, ...read(operation, bytes) };
      },
      { deadlineMs },
    );
  }

  #url({ version, path, options }: GraphQuery): string {
    const url = new URL(`${this.#origin}/${version}/${path}`);
    // As OData clients write it: `$` stays, and a space is %20, not +.
    url.search = Object.entries(options).map(([name, value]) => `${name}=${encodeURIComponent(value)}`).join('&');
    return url.href;
  }

  #limit(allowance: Allowance): RequestLimit {
    const { count, perMs } = LIMITS[allowance];
    const { tenant_id, client_id } = this.#config;
    return sharedLimit([this.#origin, tenant_id, client_id ?? '', allowance].join(' '), count, perMs);
  }

  async #send(url: string, { signal, now }: Effects): Promise<Response> {
    const request = this.#client
      .api('')
      .header('Prefer', 'include-unknown-enum-members')
      .option('signal', signal)
      .middlewareOptions([new Whole(url)])
      .responseType(ResponseType.RAW);
    const sentAt = now().getTime();
    const response = (await request.get()) as Response;
    // The answer's date is later than the request, however long it took: what is left is how far our clock is ahead at least.
    const date = Date.parse(response.headers.get('date') ?? '');
    if (!Number.isNaN(date)) this.#aheadMs = sentAt - date;
    return response;
  }
}

class Whole implements MiddlewareOptions {
  readonly url: string;

  constructor(url: string) {
    this.url = url;
  }
}

/**
 * The client takes URLs apart and puts them together in an order of its own; a next link is to be followed as a whole. So the URL
 * comes to the chain beside the client's, and takes its place first of all.
 */
class WholeUrl implements Middleware {
  #next: Middleware | undefined;

  async execute(context: Context): Promise<void> {
    const whole = context.middlewareControl?.getMiddlewareOptions(Whole) as Whole | undefined;
    if (whole) context.request = whole.url;
    await this.#next?.execute(context);
  }

  setNext(next: Middleware): void {
    this.#next = next;
  }
}

function refusalOf(operation: string, response: Response, bytes: Buffer, now: Date): GraphRefusal {
  return new GraphRefusal(operation, response.status, codeOf(bytes), retryAfter(response.headers.get('retry-after'), now));
}

/** `error.code` of the answer, or an inner one; empty where there is none that is a plain word. */
function codeOf(bytes: Buffer): string {
  try {
    const { error } = JSON.parse(bytes.toString('utf8')) as { error?: { code?: unknown; innerError?: { code?: unknown } } };
    const code = [error?.code, error?.innerError?.code].find((one) => typeof one === 'string' && /^[\w.-]{1,80}$/.test(one));
    return typeof code === 'string' ? code : '';
  } catch {
    return '';
  }
}

/** Seconds, or a date (RFC 9110, 10.2.3). */
function retryAfter(header: string | null, now: Date): number | undefined {
  if (header === null) return undefined;
  if (/^\d{1,6}$/.test(header.trim())) return Number(header) * 1000;
  const at = Date.parse(header);
  return Number.isNaN(at) ? undefined : Math.max(0, at - now.getTime());
}

/** A body that is no page is one that was cut: tried again. */
function read(operation: string, bytes: Buffer): { rows: readonly unknown[]; nextLink: string | undefined } {
  let page: { value?: unknown; '@odata.nextLink'?: unknown };
  try {
    page = JSON.parse(bytes.toString('utf8')) as typeof page;
  } catch (error) {
    throw new TransportFailure(`${operation}: a body that is no whole JSON`, 'ERR_STREAM_PREMATURE_CLOSE', error);
  }
  const link = page['@odata.nextLink'];
  if (!Array.isArray(page.value)) throw new TransportFailure(`${operation}: an answer without rows`, 'ERR_STREAM_PREMATURE_CLOSE');
  return { rows: page.value as unknown[], nextLink: typeof link === 'string' && link !== '' ? link : undefined };
}
