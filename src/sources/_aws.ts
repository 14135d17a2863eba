/**
 * What the sources that read from AWS share: how a client is configured, a call that is retried by the outer policy and renews
 * credentials that expired, the body of an answer as it came, and whose account this is.
 */
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import { fromNodeProviderChain, fromTemporaryCredentials } from '@aws-sdk/credential-providers';
import { Readable } from 'node:stream';
import { DamagedAnswer, isExpiredCredentials, isSkewCorrected, judgeAws } from './_aws-errors.ts';
import { retrying, type RetryPolicy } from './_retry.ts';
import type { SourceEffects } from './source.ts';

export { awsCode, DamagedAnswer, describeAws, hintFor, isDenied, isExpiredCredentials, judgeAws, type AwsAttempt } from './_aws-errors.ts';

/** How one account is reached, in the configuration's words. */
export interface AwsAccess {
  readonly region: string;
  /** A role to assume with the default chain's credentials. */
  readonly role_arn?: string | undefined;
  readonly external_id?: string | undefined;
  /** A private endpoint of the service, or a stand-in. */
  readonly endpoint?: string | undefined;
}

/** Credentials, or where to fetch them. */
export interface AwsCredentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
  readonly expiration?: Date;
}

/** What tests, and those who know better, give in place of the platform's own. */
export interface AwsGiven {
  /** In place of the default chain; asked again when what it gave has expired. */
  readonly credentials?: () => Promise<AwsCredentials>;
  /** STS for `role_arn` and `callingAccount`, in place of the region's own. */
  readonly stsEndpoint?: string;
  /** No connection after so long is a failure. Default 5 s. */
  readonly connectTimeoutMs?: number;
  /** No answer, or no further byte of one, after so long is a failure. Default 60 s: LookupEvents and FilterLogEvents may think for long. */
  readonly requestTimeoutMs?: number;
}

type CredentialProvider = (options?: { readonly forceRefresh?: boolean }) => Promise<AwsCredentials>;

/** What `awsClientConfig` gives: a part of every client's configuration. */
export interface AwsClientConfig {
  readonly region: string;
  readonly endpoint?: string;
  readonly credentials: CredentialProvider;
  readonly maxAttempts: 1;
  readonly customUserAgent: string;
  readonly requestHandler: {
    readonly connectionTimeout: number;
    readonly requestTimeout: number;
    readonly socketTimeout: number;
    readonly throwOnRequestTimeout: true;
    readonly httpAgent: { readonly keepAlive: true; readonly maxSockets: number };
    readonly httpsAgent: { readonly keepAlive: true; readonly maxSockets: number };
  };
}

const CONNECT_TIMEOUT_MS = 5_000;
const REQUEST_TIMEOUT_MS = 60_000;
/** As many as `parallel` of cloudtrail-s3 may ask for. */
const SOCKETS = 64;

/**
 * A client's configuration: `new S3Client({ ...awsClientConfig(access), … })`. Credentials are the platform's default chain, or
 * with `role_arn` that role's (fresh before they expire, by the SDK). The SDK tries once; the outer policy (`callAws`) rules.
 */
export function awsClientConfig({ region, role_arn, external_id, endpoint }: AwsAccess, given: AwsGiven = {}): AwsClientConfig {
  const requestTimeout = given.requestTimeoutMs ?? REQUEST_TIMEOUT_MS;
  const agent = { keepAlive: true, maxSockets: SOCKETS } as const;
  const shared = {
    region,
    maxAttempts: 1,
    customUserAgent: 'whoran',
    requestHandler: {
      connectionTimeout: given.connectTimeoutMs ?? CONNECT_TIMEOUT_MS,
      requestTimeout,
      socketTimeout: requestTimeout,
      throwOnRequestTimeout: true,
      httpAgent: agent,
      httpsAgent: agent,
    },
  } as const;
  const own: CredentialProvider = given.credentials ?? fromNodeProviderChain();
  const credentials = role_arn === undefined ? own : ofRole(role_arn, external_id, own, { ...shared, ...(given.stsEndpoint === undefined ? {} : { endpoint: given.stsEndpoint }) });
  return { ...shared, credentials, ...(endpoint === undefined ? {} : { endpoint }) };
}

/**
 * The role's credentials by `own`. Asked to renew, it renews `own` too: a role can't be assumed with credentials that expired.
 */
function ofRole(roleArn: string, externalId: string | undefined, own: CredentialProvider, clientConfig: Omit<AwsClientConfig, 'credentials'>): CredentialProvider {
  // Told that this one remembers for itself, the STS client keeps no copy of its own, which nobody could renew.
  const masterCredentials = Object.assign(async () => await own(), { memoized: true });
  const assume = fromTemporaryCredentials({
    masterCredentials,
    params: { RoleArn: roleArn, RoleSessionName: 'whoran', ...(externalId === undefined ? {} : { ExternalId: externalId }) },
    clientConfig,
  });
  return async (options) => {
    if (options?.forceRefresh === true) await own(options);
    return await assume();
  };
}

/** Any client of the SDK, as far as renewing its credentials goes. */
export interface RenewableClient {
  readonly config: { readonly credentials: (options?: { forceRefresh?: boolean }) => Promise<unknown> };
}

/**
 * One API call under the outer retry policy. Credentials that expired in mid-run are fetched anew once, a clock that the SDK
 * has just set by the service's gets one more try; then both are final.
 * @param operation the API's name for it, for messages and metrics: `ListObjectsV2`
 * @param work sends the command; called once an attempt, so it builds a new command each time. It passes `effects.signal` on
 *   as `abortSignal`
 * @throws the SDK's error where it is final; RetriesExhausted; the signal's reason
 */
export async function callAws<Result>(
  operation: string,
  client: RenewableClient,
  effects: SourceEffects & { readonly signal: AbortSignal },
  work: () => Promise<Result>,
  policy: RetryPolicy = {},
): Promise<Result> {
  let renewals = 0;
  let isRenewalDue = false;
  let corrections = 0;
  return await retrying(
    operation,
    effects,
    (error) => {
      if (isExpiredCredentials(error)) {
        renewals += 1;
        isRenewalDue = renewals === 1;
        return isRenewalDue ? { retry: true, reason: 'the credentials have expired', afterMs: 0 } : { retry: false };
      }
      if (isSkewCorrected(error)) {
        corrections += 1;
        return corrections === 1 ? { retry: true, reason: "this machine's clock is not AWS's", afterMs: 0 } : { retry: false };
      }
      return judgeAws(error, effects.now().getTime());
    },
    async () => {
      if (isRenewalDue) {
        await client.config.credentials({ forceRefresh: true });
        isRenewalDue = false;
      }
      return await work();
    },
    policy,
  );
}

/** What captureBody uses of a command's middleware stack; the SDK's own types for it are in packages that we don't declare. */
interface DeserializeStack {
  add(
    middleware: (next: (request: unknown) => Promise<{ readonly response: unknown }>) => (request: unknown) => Promise<{ readonly response: unknown }>,
    options: { readonly step: 'deserialize'; readonly priority: 'low'; readonly name: string },
  ): void;
}

/**
 * Keeps the body of the answer to `command` as it came over the wire (content encoding untouched), while the SDK still parses
 * it: the middleware stands between its deserializer and the connection, on this command alone, so parallel calls cannot mix.
 * For answers that are read whole. Objects of S3 are too: the SDK's own stream checks their sum, but forgets to end where the
 * connection breaks in mid-body, and whoever reads it waits for ever.
 *
 *     const command = new LookupEventsCommand({ … });
 *     const body = captureBody(command);
 *     const page = await client.send(command, { abortSignal });
 *     delivered.push({ origin, bytes: body() });
 *
 * @param command any command of a client, not yet sent
 * @param largest what announces more bytes is not read; `refuse` makes the error of it
 * @returns the body of the last answer; empty before there is one
 * @throws (from `send`) DamagedAnswer where fewer bytes came than were announced
 */
export function captureBody(command: { readonly middlewareStack: object }, largest?: { readonly bytes: number; readonly refuse: (bytes: number) => Error }): () => Buffer {
  let body = Buffer.alloc(0);
  (command.middlewareStack as DeserializeStack).add(
    (next) => async (request) => {
      const result = await next(request);
      const response = result.response as { body?: Readable; headers?: Record<string, string> };
      const announced = response.headers?.['content-length'];
      if (largest && announced !== undefined && Number(announced) > largest.bytes) {
        response.body?.destroy();
        throw largest.refuse(Number(announced));
      }
      const chunks: Uint8Array[] = [];
      if (response.body) for await (const chunk of response.body) chunks.push(chunk as Uint8Array);
      body = Buffer.concat(chunks);
      if (announced !== undefined && Number(announced) !== body.length) {
        throw new DamagedAnswer(`${body.length} of ${Number(announced)} bytes came`);
      }
      // A stream of its own copy: the SDK takes a Buffer that it is handed for its own, and changes what it is.
      response.body = Readable.from([Buffer.from(body)], { objectMode: false });
      return result;
    },
    { step: 'deserialize', priority: 'low', name: 'whoranCaptureBody' },
  );
  return () => body;
}

/**
 * The account and the identity that a client configured by `access` acts as (sts:GetCallerIdentity, which needs no permission).
 * For `check`: it proves the credentials, and a role that can be assumed.
 * @throws the SDK's error where it is final; RetriesExhausted; the signal's reason
 */
export async function callingAccount(
  access: AwsAccess,
  effects: SourceEffects & { readonly signal: AbortSignal },
  given: AwsGiven = {},
  policy: RetryPolicy = { deadlineMs: 15_000 },
): Promise<{ accountId: string; arn: string }> {
  // `endpoint` is the other service's, never STS's.
  const client = new STSClient({ ...awsClientConfig({ ...access, endpoint: given.stsEndpoint }, given) });
  try {
    const { Account, Arn } = await callAws('GetCallerIdentity', client, effects, async () => await client.send(new GetCallerIdentityCommand({}), { abortSignal: effects.signal }), policy);
    return { accountId: Account ?? '', arn: Arn ?? '' };
  } finally {
    client.destroy();
  }
}
