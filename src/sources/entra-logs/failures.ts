/**
 * What a failed query means: whether to try again, and what to tell people. The client's own errors hold the request, with its
 * token, and whole answers; so nothing of theirs is passed on but a status, codes, and the service's sentence made inert.
 */
import { inert } from '../../core/inert.ts';
import type { Verdict } from '../_retry.ts';
import type { LogTable } from './tables.ts';

/** What came back with an answer that is none. */
export interface Refusal {
  readonly status: number;
  /** As the header has it: seconds, or an HTTP date. */
  readonly retryAfter: string | undefined;
  readonly body: string;
}

/** The service refused a query. */
export class QueryRefused extends Error {
  readonly status: number;
  /** Codes of the error and of those within it, outermost first. */
  readonly codes: readonly string[];
  /** The innermost sentence; not inert. */
  readonly words: string;
  readonly retryAfter: string | undefined;

  constructor({ status, body, retryAfter }: Refusal) {
    const { codes, words } = readError(body);
    // What is said about a token may quote it.
    const said = status === 401 || words === '' ? '' : `: ${inert(words)}`;
    super(`the log service answered HTTP ${status}${codes[0] === undefined ? '' : ` (${codes.map((code) => inert(code, 60)).join(', ')})`}${said}`);
    this.name = 'QueryRefused';
    this.status = status;
    this.codes = codes;
    this.words = words;
    this.retryAfter = retryAfter;
  }
}

/** No answer came, or half of one. */
export class NoAnswer extends Error {
  constructor(reason: string) {
    super(reason);
    this.name = 'NoAnswer';
  }
}

/** The connection can't be trusted, or no credential gives a token: trying again changes nothing. `hint` says what to do. */
export class NoAccess extends Error {
  readonly hint: string;

  constructor(message: string, hint: string) {
    super(message);
    this.name = 'NoAccess';
    this.hint = hint;
  }
}

/**
 * The query asks for too much at once: the service gave part of the rows (a `PartialFailure`), reached its limit of rows or
 * bytes, or ran out of time. Less has to be asked for.
 */
export class TooMuch extends Error {
  constructor(reason: string) {
    super(reason);
    this.name = 'TooMuch';
  }
}

/** Codes of answers that are too large, where they aren't told as a partial failure. */
const TOO_LARGE = /ResponseSize|ResponsePayloadTooLarge|ResultSetTooLarge|E_QUERY_RESULT_SET_TOO_LARGE/i;
/** Node's codes for a certificate that isn't trusted. */
const UNTRUSTED = /^(?:SELF_SIGNED_CERT_IN_CHAIN|DEPTH_ZERO_SELF_SIGNED_CERT|UNABLE_TO_.*|CERT_.*|ERR_TLS_CERT_.*)$/;
const NETWORK = /^(?:ECONN.*|ETIMEDOUT|EPIPE|EHOSTUNREACH|ENETUNREACH|ENOTFOUND|EAI_AGAIN|ERR_STREAM_PREMATURE_CLOSE|REQUEST_SEND_ERROR|network_error)$/;
const TOKEN_ERRORS = new Set(['CredentialUnavailableError', 'AggregateAuthenticationError', 'AuthenticationError', 'AuthenticationRequiredError']);

/** The refusal as an error: too much, where asking for less helps. */
export function refused(refusal: Refusal): QueryRefused | TooMuch {
  const failure = new QueryRefused(refusal);
  // 504: the query ran longer than it may (logs API, "Timeouts").
  if (failure.status === 504) return new TooMuch('the query ran out of time (HTTP 504)');
  if (failure.codes.some((code) => TOO_LARGE.test(code))) return new TooMuch(`the answer is too large (${inert(failure.codes.at(-1) ?? '', 60)})`);
  return failure;
}

/** A failure without an answer, as what it means; what the client threw is never passed on. */
export function unanswered(error: unknown): NoAnswer | NoAccess {
  const codes = codesWithin(error);
  const untrusted = codes.find((code) => UNTRUSTED.test(code));
  if (untrusted !== undefined) {
    return new NoAccess(`the log service's certificate is not trusted (${untrusted})`, 'a proxy that opens TLS needs its certificate in NODE_EXTRA_CA_CERTS; otherwise check `endpoint`');
  }
  const network = codes.find((code) => NETWORK.test(code) || /^(?:429|5\d\d)$/.test(code));
  const name = error instanceof Error ? error.name : '';
  if (TOKEN_ERRORS.has(name)) {
    if (network !== undefined) return new NoAnswer(`no token yet (${network})`);
    return new NoAccess(`no credential gave a token (${[name, ...entraCodes(error)].join(', ')})`, 'give the identity that runs whoran a managed identity, workload identity or AZURE_CLIENT_ID, AZURE_TENANT_ID and AZURE_CLIENT_SECRET; `az login` for a try by hand');
  }
  return new NoAnswer(network === undefined ? 'no readable answer' : `no answer (${network})`);
}

/**
 * Whether to try a failed query again.
 * @param insists there is no less to ask for: too much is tried again, since it may pass
 * @param now milliseconds since 1970, for a Retry-After that is a date
 */
export function judge(error: unknown, insists: boolean, now: number): Verdict {
  if (error instanceof NoAnswer) return { retry: true, reason: error.message };
  if (error instanceof TooMuch) return insists ? { retry: true, reason: error.message } : { retry: false };
  if (!(error instanceof QueryRefused)) return { retry: false };
  const { status } = error;
  if (status !== 408 && status !== 429 && status < 500) return { retry: false };
  const afterMs = waitOf(error.retryAfter, now);
  const reason = status === 429 ? 'throttled (HTTP 429)' : `HTTP ${status}`;
  return afterMs === undefined ? { retry: true, reason } : { retry: true, reason, afterMs };
}

/** Whether the service knows no such table: it was never filled in this workspace. */
export function isTableMissing(error: unknown, table: LogTable): boolean {
  return error instanceof QueryRefused && error.status === 400 && /resolve/i.test(error.words) && error.words.includes(`'${table.name}'`);
}

/** What to do about a failure of `table` (undefined: of any query); undefined where nothing is known. */
export function hintFor(error: unknown, table?: LogTable): string | undefined {
  if (error instanceof NoAccess) return error.hint;
  if (table && isTableMissing(error, table)) {
    return `the workspace has no table ${table.name}: switch on the category ${table.category} in a diagnostic setting of Entra ID that sends to this workspace, or leave it out of the configuration`;
  }
  if (!(error instanceof QueryRefused)) return undefined;
  if (error.status === 401) return 'the service refuses the token: check `cloud`, and that the identity is of the workspace\'s tenant';
  if (error.status === 403) {
    return 'grant the identity that runs whoran the role Log Analytics Reader on the workspace (least: Microsoft.OperationalInsights/workspaces/query/read and Microsoft.OperationalInsights/workspaces/query/<table>/read for each table), and allow queries from its network';
  }
  if (error.status === 404) return 'check `workspace_id` (the Workspace ID on its overview page, not the resource id) and `cloud`';
  return undefined;
}

/** Milliseconds to wait by a Retry-After header; undefined where there is none to read. */
function waitOf(header: string | undefined, now: number): number | undefined {
  if (header === undefined) return undefined;
  if (/^\d+$/.test(header.trim())) return Number(header) * 1000;
  const until = Date.parse(header);
  return Number.isNaN(until) ? undefined : Math.max(0, until - now);
}

/** Codes and the innermost sentence of the service's `{"error":{"code","message","innererror":{…}}}`. */
function readError(body: string): { codes: string[]; words: string } {
  const codes: string[] = [];
  let words = '';
  let current: unknown;
  try {
    current = (JSON.parse(body) as { error?: unknown } | null)?.error;
  } catch {
    return { codes, words };
  }
  // No real error nests deeper than four.
  for (let depth = 0; depth < 8 && typeof current === 'object' && current !== null; depth += 1) {
    const { code, message, innererror } = current as { code?: unknown; message?: unknown; innererror?: unknown };
    if (typeof code === 'string') codes.push(code);
    if (typeof message === 'string') words = message;
    current = innererror;
  }
  return { codes, words };
}

/** Entra's codes for why there is no token (AADSTS7000215: a wrong secret); its sentences stay out. */
function entraCodes(error: unknown, depth = 0): string[] {
  if (!(error instanceof Error) || depth > 6) return [];
  const inner = 'errors' in error && Array.isArray(error.errors) ? (error.errors as unknown[]) : [];
  return [...new Set([...(error.message.match(/AADSTS\d{1,9}/g) ?? []), ...[error.cause, ...inner].flatMap((one) => entraCodes(one, depth + 1))])];
}

/** Codes and statuses of an error and of those within it: a credential chain's failures stand in `errors` and `cause`. */
function codesWithin(error: unknown, depth = 0): string[] {
  if (typeof error !== 'object' || error === null || depth > 6) return [];
  const { code, errorCode, statusCode, cause, errors } = error as { code?: unknown; errorCode?: unknown; statusCode?: unknown; cause?: unknown; errors?: unknown };
  const own = [code, errorCode, statusCode].filter((value) => typeof value === 'string' || typeof value === 'number').map(String);
  const inner = [cause, ...(Array.isArray(errors) ? (errors as unknown[]) : [])];
  return [...own, ...inner.flatMap((one) => codesWithin(one, depth + 1))];
}
