/**
 * A Log Analytics workspace, asked through Azure's own client, with each answer's bytes as they came.
 */
import { DefaultAzureCredential, type TokenCredential } from '@azure/identity';
import { LogsQueryClient, LogsQueryResultStatus, type LogsQueryResult } from '@azure/monitor-query-logs';
import { AsyncLocalStorage } from 'node:async_hooks';
import type { EntraLogsConfig } from '../../config/sources/entra-logs.ts';
import { deadlineOf } from '../../core/deadline.ts';
import { inert } from '../../core/inert.ts';
import { Pace } from '../_pace.ts';
import { retrying } from '../_retry.ts';
import type { SourceEffects } from '../source.ts';
import { logsCloud, type LogsCloud } from './cloud.ts';
import { judge, NoAnswer, QueryRefused, refused, TooMuch, unanswered } from './failures.ts';
import type { LogQuery } from './kql.ts';

/** What tests, and those who know better, give in place of the platform's own. */
export interface EntraLogsGiven {
  /** In place of the platform's default chain. */
  readonly credential?: TokenCredential;
  /** A certificate to trust besides the usual ones, PEM. */
  readonly ca?: string;
  /** No whole answer after so long is a failure. Default 210 s: the service itself gives up after 180. */
  readonly requestTimeoutMs?: number;
  /** As many rows in one answer are as good as cut off. Default: the service's limit. */
  readonly rowLimit?: number;
}

/** A whole answer. */
export interface Answer {
  /** The body, byte for byte. */
  readonly bytes: Buffer;
  /** Of its one table, as the client reads them. */
  readonly rows: readonly (readonly unknown[])[];
  /** Position of a column by its name. */
  readonly column: (name: string) => number;
}

export interface AskOptions {
  /** Whether what is too much is asked for again, since there is no less to ask for. */
  readonly insists?: boolean;
  /** In place of the configuration's. */
  readonly deadlineMs?: number;
}

export type QueryEffects = SourceEffects & { readonly signal: AbortSignal };

/** So long the service may work on a query (its default; at most 600). */
const SERVER_SECONDS = 180;
/** 200 requests in 30 s is the limit for a user or address (Azure Monitor, workspace limits); some are left to others. */
const REQUESTS_PER_SECOND = 6;
/** Rows of an answer, at most (Azure Monitor, workspace limits). */
const ROW_LIMIT = 500_000;

/** What the pipeline is told of the request at hand, and tells back. */
interface Exchange {
  readonly signal: AbortSignal;
  answer?: { readonly status: number; readonly retryAfter: string | undefined; readonly bytes: Buffer };
}

export class Workspace {
  readonly #config: EntraLogsConfig;
  readonly #given: EntraLogsGiven;
  readonly #cloud: LogsCloud;
  readonly #pace = new Pace(REQUESTS_PER_SECOND);
  readonly #exchange = new AsyncLocalStorage<Exchange>();
  #credential: TokenCredential | undefined;
  #client: LogsQueryClient | undefined;

  constructor(config: EntraLogsConfig, given: EntraLogsGiven) {
    this.#config = config;
    this.#given = given;
    this.#cloud = logsCloud(config);
  }

  /** Fetches a token, as every query does. @returns when it expires @throws NoAccess, NoAnswer */
  async token(signal: AbortSignal): Promise<Date> {
    try {
      const token = await unlessAborted(this.#credentialInUse().getToken(this.#cloud.scope, { abortSignal: signal }), signal);
      if (token) return new Date(token.expiresOnTimestamp);
    } catch (error) {
      signal.throwIfAborted();
      throw unanswered(error);
    }
    throw new NoAnswer('the credential gave no token');
  }

  /**
   * Asks until there is a whole answer or the failure is final.
   * @param operation for messages and metrics
   * @throws TooMuch (unless `insists`), QueryRefused, NoAccess, RetriesExhausted, the signal's reason
   */
  async ask(operation: string, query: LogQuery, effects: QueryEffects, { insists = false, deadlineMs }: AskOptions = {}): Promise<Answer> {
    let hasRenewed = false;
    return retrying(
      operation,
      effects,
      (error) => judge(error, insists, effects.now().getTime()),
      async () => {
        try {
          return await this.#once(query, effects);
        } catch (error) {
          // A token can be withdrawn before its time: once, another one is fetched.
          if (hasRenewed || !(error instanceof QueryRefused && error.status === 401)) throw error;
          hasRenewed = true;
          this.#client = undefined;
          this.#credential = undefined;
          return this.#once(query, effects);
        }
      },
      { deadlineMs: deadlineMs ?? this.#config.deadline_minutes * 60_000 },
    );
  }

  async #once(query: LogQuery, effects: QueryEffects): Promise<Answer> {
    await this.#pace.turn(effects);
    // A socket's silence is told by the machine's own timer, not by the run's clock.
    const deadline = deadlineOf(this.#given.requestTimeoutMs ?? (SERVER_SECONDS + 30) * 1000, effects.signal);
    const { signal } = deadline;
    const exchange: Exchange = { signal };
    let result: LogsQueryResult;
    try {
      result = await unlessAborted(this.#exchange.run(exchange, async () => this.#send(query)), signal);
    } catch (error) {
      effects.signal.throwIfAborted();
      const { answer } = exchange;
      // The client throws a TypeError over an error page that is no JSON: what came decides, not what was thrown.
      if (answer && answer.status !== 200) throw refused({ status: answer.status, retryAfter: answer.retryAfter, body: answer.bytes.toString('utf8') });
      if (signal.aborted) throw new NoAnswer('no whole answer in time');
      throw answer ? new NoAnswer('an answer that can\'t be read') : unanswered(error);
    } finally {
      deadline.end();
    }
    return wholeAnswer(result, exchange.answer?.bytes, this.#given.rowLimit ?? ROW_LIMIT);
  }

  async #send({ text, timespan }: LogQuery): Promise<LogsQueryResult> {
    return this.#clientInUse().queryWorkspace(
      this.#config.workspace_id, text, { startTime: new Date(timespan.from), endTime: new Date(timespan.to) }, { serverTimeoutInSeconds: SERVER_SECONDS },
    );
  }

  #credentialInUse(): TokenCredential {
    this.#credential ??= this.#given.credential ?? new DefaultAzureCredential({
      authorityHost: this.#cloud.authorityHost,
      // The outer policy tries again; five tries of the chain's own would take minutes before anybody is told.
      retryOptions: { maxRetries: 1 },
      ...(this.#config.client_id === undefined ? {} : { managedIdentityClientId: this.#config.client_id, workloadIdentityClientId: this.#config.client_id }),
    });
    return this.#credential;
  }

  #clientInUse(): LogsQueryClient {
    if (this.#client) return this.#client;
    const client = new LogsQueryClient(this.#credentialInUse(), {
      endpoint: this.#cloud.endpoint,
      credentials: { scopes: [this.#cloud.scope] },
      // The outer policy tries again; a redirect would take the token elsewhere.
      retryOptions: { maxRetries: 0 },
      redirectOptions: { maxRetries: 0 },
      ...(this.#given.ca === undefined ? {} : { tlsOptions: { ca: this.#given.ca } }),
    });
    // The client's transport never ends when a gzip body is cut off (its pipe doesn't pass errors on), so bodies come plain.
    client.pipeline.removePolicy({ name: 'decompressResponsePolicy' });
    // Before the token's policy: the client of version 1.0.0 drops `abortSignal`, and fetching a token must obey it too.
    client.pipeline.addPolicy(capture(this.#exchange), { beforePolicies: ['bearerTokenAuthenticationPolicy'] });
    this.#client = client;
    return client;
  }
}

/** A policy that gives the request its signal and keeps the answer's bytes before the client reads them. */
function capture(exchanges: AsyncLocalStorage<Exchange>): Parameters<LogsQueryClient['pipeline']['addPolicy']>[0] {
  return {
    name: 'captureBody',
    sendRequest: async (request, next) => {
      const exchange = exchanges.getStore();
      if (!exchange) return next(request);
      request.abortSignal = exchange.signal;
      request.headers.set('accept-encoding', 'identity');
      request.streamResponseStatusCodes = new Set([Number.POSITIVE_INFINITY]);
      const response = await next(request);
      const chunks: Buffer[] = [];
      for await (const chunk of response.readableStreamBody ?? []) chunks.push(Buffer.from(chunk));
      const bytes = Buffer.concat(chunks);
      exchange.answer = { status: response.status, retryAfter: response.headers.get('retry-after'), bytes };
      delete response.readableStreamBody;
      response.bodyAsText = bytes.toString('utf8');
      return response;
    },
  };
}

function wholeAnswer(result: LogsQueryResult, bytes: Buffer | undefined, rowLimit: number): Answer {
  // Kusto says of such rows that they may be wrong, not just too few; so nothing of them is used or landed.
  if (result.status === LogsQueryResultStatus.PartialFailure) {
    const { code } = result.partialError;
    throw new TooMuch(`a partial answer (${inert(code, 60)})`);
  }
  const table = result.tables[0];
  if (!bytes || !table || result.tables.length !== 1) throw new NoAnswer('an answer without its table');
  if (table.rows.length >= rowLimit) throw new TooMuch(`an answer at the limit of ${rowLimit} rows`);
  const positions = new Map(table.columnDescriptors.map(({ name }, index) => [name, index]));
  const column = (name: string): number => {
    const position = positions.get(name);
    if (position === undefined) throw new NoAnswer(`an answer without the column ${name}`);
    return position;
  };
  return { bytes, rows: table.rows, column };
}

/** The promise's result, or the signal's reason as soon as it is aborted: a credential may wait on without heeding it. */
async function unlessAborted<Result>(promise: Promise<Result>, signal: AbortSignal): Promise<Result> {
  let onAbort = (): void => undefined;
  const aborted = new Promise<never>((_, reject) => {
    onAbort = (): void => { reject(signal.reason instanceof Error ? signal.reason : new Error('aborted')); };
    if (signal.aborted) onAbort();
    else signal.addEventListener('abort', onAbort, { once: true });
  });
  try {
    return await Promise.race([promise, aborted]);
  } finally {
    signal.removeEventListener('abort', onAbort);
    promise.catch(() => undefined);
  }
}
