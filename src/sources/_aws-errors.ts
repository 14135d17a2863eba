/**
 * What failed calls to AWS mean: whether to try again, what to tell people, and which permission or setting is missing. What a
 * service says about a signature or a token can hold the token itself, so its words are shown only where they are known to be safe.
 */
import { inert } from '../core/inert.ts';
import type { Verdict } from './_retry.ts';

/** AWS's wordings of "too fast", over all services (the SDKs' own list, and what services say besides). */
const THROTTLED =
  /throttl|slow_?down|too_?many_?requests|rate_?exceeded|request_?limit_?exceeded|bandwidth_?limit_?exceeded|throughput_?exceeded|^LimitExceededException$|^PriorRequestNotComplete$|^TransactionInProgressException$/i;
/** The service's own trouble, where its status doesn't say so. */
const SERVICE_FAILED =
  /^(InternalError|InternalFailure|InternalServer(Error|Exception)?|InternalServerErrorException|InternalServiceError|InternalServiceException|ServiceUnavailable(Exception|Error)?|OperationAborted(Exception)?|RequestTimeout(Exception)?)$/;
/** Node's words for a connection that failed; none of them says that the request was wrong. */
const NETWORK = new Set([
  'ECONNRESET', 'ECONNREFUSED', 'ECONNABORTED', 'EPIPE', 'ETIMEDOUT', 'EHOSTUNREACH', 'ENETUNREACH', 'ENETDOWN', 'ENOTFOUND', 'EAI_AGAIN', 'ERR_STREAM_PREMATURE_CLOSE',
]);
/** What services call credentials that were good once. */
const EXPIRED = new Set(['ExpiredToken', 'ExpiredTokenException', 'TokenRefreshRequired']);
/** What they call a request signed at another time than theirs; the SDK then takes the time from the answer. */
const SKEWED = new Set(['RequestTimeTooSkewed', 'RequestExpired', 'RequestInTheFuture', 'InvalidSignatureException', 'SignatureDoesNotMatch', 'AuthFailure']);
const DENIED = /^(AccessDenied|AccessDeniedException|AccessDeniedFault|UnauthorizedOperation|NotAuthorized|AllAccessDisabled|KMS\.AccessDeniedException)$/;
const UNKNOWN_KEY = /^(InvalidAccessKeyId|InvalidClientTokenId|UnrecognizedClientException|InvalidToken|InvalidSecurity|MissingAuthenticationToken(Exception)?|NotSignedUp)$/;

/** A body that is not the object it came for: fewer bytes than announced, or a checksum that does not fit. Tried again. */
export class DamagedAnswer extends Error {
  override readonly name = 'DamagedAnswer';
}

/** The parts of an SDK's error that are looked at; nothing here is trusted to be there. */
interface Seen {
  readonly name: string;
  readonly code: string;
  readonly message: string;
  readonly status: number | undefined;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly isSkewCorrected: boolean;
}

function seen(error: unknown): Seen {
  const given = (typeof error === 'object' && error !== null ? error : {}) as {
    name?: unknown; Code?: unknown; code?: unknown; message?: unknown;
    $metadata?: { httpStatusCode?: unknown; clockSkewCorrected?: unknown } | null;
    $response?: { statusCode?: unknown; headers?: Record<string, unknown> } | null;
  };
  const status = given.$metadata?.httpStatusCode ?? given.$response?.statusCode;
  const text = (value: unknown): string => (typeof value === 'string' ? value : '');
  return {
    name: text(given.Code) || text(given.name),
    code: text(given.code),
    message: text(given.message),
    status: typeof status === 'number' ? status : undefined,
    headers: given.$response?.headers ?? {},
    isSkewCorrected: given.$metadata?.clockSkewCorrected === true,
  };
}

/** Whether the credentials were good once and are so no more: worth fetching anew, once. */
export function isExpiredCredentials(error: unknown): boolean {
  return EXPIRED.has(seen(error).name);
}

/** Whether the service refused the time of the signature, and the SDK has since taken over the service's: worth one more try. */
export function isSkewCorrected(error: unknown): boolean {
  const { name, isSkewCorrected: corrected } = seen(error);
  return corrected && SKEWED.has(name);
}

/** Whether the identity may not do what was asked. */
export function isDenied(error: unknown): boolean {
  const { name, status } = seen(error);
  return DENIED.test(name) || (status === 403 && (name === '403' || name === 'Forbidden' || name === 'Unknown' || name === 'UnknownError'));
}

/** The service's code for a failure (`NoSuchKey`, `AccessDenied` …), made harmless to show; for branches and messages. */
export function awsCode(error: unknown): string {
  return inert(seen(error).name || 'Error', 60);
}

/**
 * Whether a failed call is tried again: throttling in AWS's wordings, the service's own failures (5xx), connections that were
 * reset or timed out, and answers that came damaged. All else is final; expired credentials are `callAws`'s business, which has
 * new ones. What `Retry-After` (seconds or a date, RFC 9110 §10.2.3) or `x-amz-retry-after` (milliseconds) asks is passed on.
 * @param now for a Retry-After that is a date; ms since the epoch
 */
export function judgeAws(error: unknown, now?: number): Verdict {
  const { name, code, status, headers } = seen(error);
  const after = retryAfterMs(headers, now);
  const again = (reason: string): Verdict => ({ retry: true, reason, ...(after === undefined ? {} : { afterMs: after }) });
  if (THROTTLED.test(name) || status === 429) return again('throttled');
  if (name === 'TimeoutError' || name === 'AbortError') return again('no answer in time');
  if (NETWORK.has(code)) return again(`connection failed (${code})`);
  if (SERVICE_FAILED.test(name) || (status !== undefined && status >= 500)) return again(status === undefined ? 'the service failed' : `the service failed (HTTP ${status})`);
  if (error instanceof DamagedAnswer) return again('the answer came damaged');
  // The status said well, and still the SDK could not read it: cut short, or a proxy's page in its place.
  if (status !== undefined && status >= 200 && status < 300) return again('the answer could not be read');
  return { retry: false };
}

function retryAfterMs(headers: Readonly<Record<string, unknown>>, now: number | undefined): number | undefined {
  const lower = new Map(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), typeof value === 'string' ? value.trim() : '']));
  const milliseconds = lower.get('x-amz-retry-after');
  if (milliseconds !== undefined && /^\d{1,9}$/.test(milliseconds)) return Number(milliseconds);
  const header = lower.get('retry-after');
  if (header === undefined) return undefined;
  if (/^\d{1,6}$/.test(header)) return Number(header) * 1000;
  const at = Date.parse(header);
  return Number.isNaN(at) || now === undefined ? undefined : Math.max(0, at - now);
}

/**
 * One sentence for people about a failed call: the service's code and status; its own words only where it refuses an action
 * (those name who asked and the action, never a signature or a token).
 */
export function describeAws(error: unknown): string {
  const { name, message, status, code } = seen(error);
  const http = status === undefined ? '' : ` (HTTP ${status})`;
  if (isDenied(error)) {
    const words = /^User: [^\n]{1,500}/.exec(message)?.[0];
    return `${awsCode(error)}${http}${words === undefined ? '' : `: ${inert(words, 400)}`}`;
  }
  if (name === 'CredentialsProviderError') return 'no AWS credentials were found';
  if (name === 'TimeoutError') return 'no answer in time';
  if (NETWORK.has(code)) return `connection failed (${code})`;
  if (error instanceof DamagedAnswer) return inert(error.message);
  return `${awsCode(error)}${http}`;
}

/** What was being done when a call failed, for the hint. */
export interface AwsAttempt {
  /** The IAM action, for example `s3:ListBucket`. */
  readonly action: string;
  /** The ARN it is needed on, or a pattern; left out where it is `*`. */
  readonly resource?: string;
}

/**
 * What to do about a final failure, in one sentence: the IAM action to grant and on what, or the setting to correct.
 * Undefined where the failure says nothing that a person could act on.
 */
export function hintFor(error: unknown, { action, resource }: AwsAttempt): string | undefined {
  const { name, message, headers } = seen(error);
  if (isDenied(error)) {
    // The service knows best which action was missing: reading an encrypted object fails for kms:Decrypt, a role for sts:AssumeRole.
    const named = /not authorized to perform: ([a-z0-9-]{2,40}:[A-Za-z]{3,60})\b/.exec(message)?.[1] ?? action;
    if (named === 'sts:AssumeRole') {
      return 'Let the credentials of this machine assume the role: grant them sts:AssumeRole on it, and name them, with the external id if there is one, in its trust policy.';
    }
    const on = named === action && resource !== undefined ? ` on ${resource}` : '';
    return named.startsWith('kms:')
      ? `Grant ${named} on the key that encrypts the bucket, in the key's policy too where it is another account's.`
      : `Grant ${named}${on} to the identity that reads (an explicit deny, a bucket policy or an organization's policy can refuse it too).`;
  }
  if (name === 'CredentialsProviderError') {
    return "Give this process AWS credentials: the role of the task or instance it runs on, or AWS_PROFILE with a profile that is signed in.";
  }
  if (EXPIRED.has(name)) return 'Renew the credentials that this process was given: those that it found anew had expired too.';
  if (UNKNOWN_KEY.test(name)) return 'AWS does not know these credentials: give this process those of an existing role or user, and check that the region is enabled for the account.';
  if (name === 'RequestTimeTooSkewed' || name === 'RequestExpired' || name === 'RequestInTheFuture') return "Set this machine's clock: AWS refuses signatures that are minutes off.";
  if (name === 'SignatureDoesNotMatch' || name === 'InvalidSignatureException') {
    return "Check the secret access key and this machine's clock: AWS computes another signature.";
  }
  if (name === 'NoSuchBucket') return 'Correct the bucket: there is none of this name.';
  if (name === 'PermanentRedirect' || name === 'AuthorizationHeaderMalformed' || name === 'IllegalLocationConstraintException' || name === 'TemporaryRedirect' || name === '301') {
    const actual = headers['x-amz-bucket-region'];
    const region = typeof actual === 'string' && /^[a-z0-9-]{5,25}$/.test(actual) ? `: it is ${actual}` : '';
    return `Correct the region of the bucket (bucket_region)${region}.`;
  }
  if (name === 'OptInRequired' || name === 'RegionDisabledException') return 'Enable the region for this account, or leave it out of the configuration.';
  if (name === 'ResourceNotFoundException') return 'Correct the name: there is nothing of that name in this account and region.';
  if (name.startsWith('KMS.')) return 'Enable the KMS key that encrypts the bucket: while it is disabled or being deleted nothing encrypted with it can be read.';
  return undefined;
}
