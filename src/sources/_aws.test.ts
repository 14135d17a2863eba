import { CloudTrailClient, LookupEventsCommand } from '@aws-sdk/client-cloudtrail';
import { S3Client } from '@aws-sdk/client-s3';
import { afterEach, describe, expect, it } from 'vitest';
import { DoubleServer, type DoubleOptions } from '../../fixtures/doubles/double-server.ts';
import { awsClientConfig, callAws, callingAccount, captureBody, describeAws, hintFor, judgeAws, type AwsCredentials, type AwsGiven } from './_aws.ts';
import { RetriesExhausted } from './_retry.ts';
import type { SourceEffects, SourceEvent } from './source.ts';

/** A made-up secret that must show nowhere. */
const SECRET = 'made-up-secret-key';
const TOKEN = 'made-up-session-token';

const open: { close: () => Promise<void> | void }[] = [];
afterEach(async () => {
  for (const each of open.splice(0)) await each.close();
});

/** A service of JSON 1.1 that answers with its request's `MaxResults` again. */
async function service(options: Partial<DoubleOptions> = {}): Promise<DoubleServer> {
  const server = await DoubleServer.start({
    handle: ({ body }) => ({ headers: { 'content-type': 'application/x-amz-json-1.1' }, body: `{ "Events": [],   "NextToken": "${(JSON.parse(body.toString()) as { MaxResults: number }).MaxResults}" }` }),
    refuse: (fault) =>
      fault.kind === 'throttle'
        ? {
            status: 400,
            headers: fault.retryAfterSeconds === undefined ? {} : { 'retry-after': String(fault.retryAfterSeconds) },
            body: '{"__type":"ThrottlingException","message":"Rate exceeded"}',
          }
        : fault.kind === 'status'
          ? { status: fault.status, body: '{"__type":"InternalFailure"}' }
          : { status: 400, body: `{"__type":"ExpiredTokenException","message":"The security token ${TOKEN} included in the request is expired"}` },
    ...options,
  });
  open.push(server);
  return server;
}

function effects(): SourceEffects & { signal: AbortSignal; told: SourceEvent[]; waits: number[] } {
  let clock = Date.parse('2026-03-01T00:00:00Z');
  const told: SourceEvent[] = [];
  const waits: number[] = [];
  return {
    now: () => new Date(clock),
    sleep: async (ms, signal) => {
      signal.throwIfAborted();
      clock += ms;
      waits.push(ms);
      await Promise.resolve();
    },
    random: () => 0.5,
    tell: (event) => told.push(event),
    signal: new AbortController().signal,
    told,
    waits,
  };
}

function given(more: AwsGiven = {}): AwsGiven {
  return { credentials: async () => await Promise.resolve({ accessKeyId: 'AKIDEXAMPLE', secretAccessKey: SECRET }), ...more };
}

function client(server: DoubleServer, more: AwsGiven = {}): CloudTrailClient {
  const made = new CloudTrailClient(awsClientConfig({ region: 'eu-central-1', endpoint: server.url }, given(more)));
  open.push({ close: () => { made.destroy(); } });
  return made;
}

async function lookup(from: CloudTrailClient, maxResults = 7): Promise<{ body: Buffer; token: string | undefined }> {
  const command = new LookupEventsCommand({ MaxResults: maxResults });
  const body = captureBody(command);
  const { NextToken } = await from.send(command);
  return { body: body(), token: NextToken };
}

describe('captureBody', () => {
  it('keeps each answer byte for byte while the SDK parses it, in parallel', async () => {
    const from = client(await service());
    const answers = await Promise.all(Array.from({ length: 40 }, async (_, index) => await lookup(from, index + 1)));
    answers.forEach(({ body, token }, index) => {
      expect(body.toString()).toBe(`{ "Events": [],   "NextToken": "${index + 1}" }`);
      expect(token).toBe(String(index + 1));
    });
  });
});

describe('callAws', () => {
  it.each([
    ['throttling', { kind: 'throttle' } as const, [500]],
    ['throttling with Retry-After', { kind: 'throttle', retryAfterSeconds: 9 } as const, [9500]],
    ['a failure of the service', { kind: 'status', status: 503 } as const, [500]],
    ['a reset', { kind: 'reset' } as const, [500]],
    ['a reset amid the body', { kind: 'reset_mid_body' } as const, [500]],
    ['no answer', { kind: 'hang' } as const, [500]],
  ])('tries again after %s', async (_name, fault, waits) => {
    const server = await service({ fault: ({ number }) => (number === 1 ? fault : undefined) });
    const from = client(server, { requestTimeoutMs: 150 });
    const world = effects();
    const { token } = await callAws('LookupEvents', from, world, async () => await lookup(from));
    expect(token).toBe('7');
    expect(world.waits).toEqual(waits);
    expect(server.requests).toHaveLength(2);
  });

  it('takes a body that stops amid its bytes for no answer in time', async () => {
    const server = await service({ fault: ({ number }) => (number === 1 ? { kind: 'slow_bytes', pauseMs: 400 } : undefined) });
    const from = client(server, { requestTimeoutMs: 120 });
    const world = effects();
    await callAws('LookupEvents', from, world, async () => await lookup(from));
    expect(world.told).toContainEqual(expect.objectContaining({ kind: 'retry', reason: 'no answer in time' }));
  });

  it('takes an answer that cannot be read for one to ask again', async () => {
    let answered = 0;
    const server = await service({ handle: () => ({ body: (answered += 1) === 1 ? '{"Events": [' : '{"NextToken":"whole"}' }) });
    const from = client(server);
    expect((await callAws('LookupEvents', from, effects(), async () => await lookup(from))).token).toBe('whole');
  });

  it('gives up at the deadline, and says so', async () => {
    const server = await service({ fault: () => ({ kind: 'throttle' }) });
    const from = client(server);
    const failed = callAws('LookupEvents', from, effects(), async () => await lookup(from), { deadlineMs: 20_000 });
    await expect(failed).rejects.toThrow(RetriesExhausted);
    await expect(failed).rejects.toThrow(/LookupEvents: gave up after \d+ attempts in \d+ s: throttled/);
  });

  it('renews credentials that expired in mid-run, once a call', async () => {
    const handed: string[] = [];
    const credentials = async (): Promise<AwsCredentials> => {
      handed.push(`AKID${handed.length}`);
      return await Promise.resolve({ accessKeyId: handed.at(-1)!, secretAccessKey: SECRET, expiration: new Date(Date.now() + 3_600_000) });
    };
    const server = await service({ fault: ({ headers }) => (headers['authorization']!.includes('AKID0') ? { kind: 'expired_credentials' } : undefined) });
    const from = client(server, { credentials });
    expect((await callAws('LookupEvents', from, effects(), async () => await lookup(from))).token).toBe('7');
    expect(handed).toEqual(['AKID0', 'AKID1']);
    await callAws('LookupEvents', from, effects(), async () => await lookup(from));
    expect(handed).toHaveLength(2);
  });

  it('ends when the new ones have expired too, and tells no token', async () => {
    const server = await service({ fault: () => ({ kind: 'expired_credentials' }) });
    const from = client(server);
    const error: unknown = await callAws('LookupEvents', from, effects(), async () => await lookup(from)).catch((thrown: unknown) => thrown);
    expect(server.requests).toHaveLength(2);
    expect(describeAws(error)).toBe('ExpiredTokenException (HTTP 400)');
    expect(hintFor(error, { action: 'cloudtrail:LookupEvents' })).toMatch(/^Renew the credentials/);
    expect(judgeAws(error)).toEqual({ retry: false });
  });

  it('ends at once where the signal is aborted amid a call', async () => {
    const server = await service({ fault: () => ({ kind: 'hang' }) });
    const from = client(server);
    const stop = new AbortController();
    const failed = callAws('LookupEvents', from, { ...effects(), signal: stop.signal }, async () => await from.send(new LookupEventsCommand({}), { abortSignal: stop.signal }));
    setTimeout(() => { stop.abort(new Error('the run ends')); }, 50);
    await expect(failed).rejects.toThrow('the run ends');
    expect(server.requests).toHaveLength(1);
  });
});

describe('hintFor and describeAws', () => {
  async function refusal(status: number, body: string): Promise<unknown> {
    const from = client(await service({ handle: () => ({ status, body }) }));
    return await callAws('LookupEvents', from, effects(), async () => await lookup(from)).catch((thrown: unknown) => thrown);
  }

  it('names the action that was refused', async () => {
    const words = 'User: arn:aws:iam::111122223333:user/reader is not authorized to perform: cloudtrail:LookupEvents because no identity-based policy allows it\u001b[31m';
    const error = await refusal(400, JSON.stringify({ __type: 'AccessDeniedException', message: words }));
    expect(hintFor(error, { action: 'cloudtrail:LookupEvents', resource: '*' })).toMatch(/^Grant cloudtrail:LookupEvents on \* to/);
    expect(describeAws(error)).toContain('arn:aws:iam::111122223333:user/reader is not authorized');
    expect(describeAws(error)).not.toContain('\u001b');
  });

  it('names kms:Decrypt and sts:AssumeRole where those were refused', async () => {
    const denied = async (action: string): Promise<unknown> => await refusal(400, JSON.stringify({ __type: 'AccessDenied', message: `User: x is not authorized to perform: ${action} on resource: y` }));
    expect(hintFor(await denied('kms:Decrypt'), { action: 's3:GetObject' })).toMatch(/^Grant kms:Decrypt on the key/);
    expect(hintFor(await denied('sts:AssumeRole'), { action: 's3:GetObject' })).toContain('sts:AssumeRole');
  });

  it('shows nothing of a refused signature, which quotes the request', async () => {
    const error = await refusal(403, JSON.stringify({ __type: 'InvalidSignatureException', message: `The Canonical String was 'x-amz-security-token:${TOKEN}'` }));
    expect(describeAws(error)).toBe('InvalidSignatureException (HTTP 403)');
    expect(hintFor(error, { action: 'a:B' })).toMatch(/clock/);
  });
});

describe('callingAccount', () => {
  const identity = '<GetCallerIdentityResponse><GetCallerIdentityResult><Arn>arn:aws:sts::111122223333:assumed-role/reader/whoran</Arn><Account>111122223333</Account></GetCallerIdentityResult></GetCallerIdentityResponse>';

  it('assumes the role with the external id, and asks as it', async () => {
    const server = await service({
      handle: ({ body, headers }) =>
        new URLSearchParams(body.toString()).get('Action') === 'AssumeRole'
          ? { body: `<AssumeRoleResponse><AssumeRoleResult><Credentials><AccessKeyId>ASIAEXAMPLE</AccessKeyId><SecretAccessKey>${SECRET}</SecretAccessKey><SessionToken>${TOKEN}</SessionToken><Expiration>2099-01-01T00:00:00Z</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>` }
          : { body: headers['authorization']!.includes('ASIAEXAMPLE') ? identity : '' },
    });
    const found = await callingAccount(
      { region: 'eu-central-1', role_arn: 'arn:aws:iam::111122223333:role/reader', external_id: 'made-up-external-id' },
      effects(),
      given({ stsEndpoint: server.url }),
    );
    expect(found).toEqual({ accountId: '111122223333', arn: 'arn:aws:sts::111122223333:assumed-role/reader/whoran' });
    const asked = new URLSearchParams(server.requests[0]!.body.toString());
    expect(Object.fromEntries(asked)).toMatchObject({ RoleArn: 'arn:aws:iam::111122223333:role/reader', ExternalId: 'made-up-external-id', RoleSessionName: 'whoran' });
  });

  it('renews what the role is assumed with, too', async () => {
    const handed: string[] = [];
    const server = await service({
      handle: ({ body, headers }) => {
        if (headers['authorization']!.includes('AKID0')) return { status: 403, body: '<ErrorResponse><Error><Code>ExpiredToken</Code></Error></ErrorResponse>' };
        return new URLSearchParams(body.toString()).get('Action') === 'AssumeRole'
          ? { body: `<AssumeRoleResponse><AssumeRoleResult><Credentials><AccessKeyId>ASIAEXAMPLE</AccessKeyId><SecretAccessKey>${SECRET}</SecretAccessKey><SessionToken>${TOKEN}</SessionToken><Expiration>2099-01-01T00:00:00Z</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>` }
          : { body: identity };
      },
    });
    let current = 'AKID0';
    const credentials = async (options?: { forceRefresh?: boolean }): Promise<AwsCredentials> => {
      if (options?.forceRefresh === true) current = 'AKID1';
      handed.push(current);
      return await Promise.resolve({ accessKeyId: current, secretAccessKey: SECRET });
    };
    const found = await callingAccount({ region: 'eu-central-1', role_arn: 'arn:aws:iam::111122223333:role/reader' }, effects(), { credentials, stsEndpoint: server.url });
    expect(found.accountId).toBe('111122223333');
    expect(handed.at(-1)).toBe('AKID1');
  });
});

it('configures the clients of every service that is read', () => {
  const made = new S3Client({ ...awsClientConfig({ region: 'eu-central-1', endpoint: 'http://127.0.0.1:9' }, given()), forcePathStyle: true });
  expect(typeof made.config.credentials).toBe('function');
  made.destroy();
});
