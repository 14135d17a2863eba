/**
 * Trail objects in bulk for the ingest benchmark: real-shaped records (mean 1.5 kB: tlsDetails, sessionContext, nulls, session
 * tokens) of people's sessions and their calls, one day of one account. Deterministic.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';

const ACCOUNT = '111122223333';
const TENANT = '11111111-2222-3333-4444-555555555555';
const PROVIDER = `arn:aws:iam::${ACCOUNT}:oidc-provider/login.microsoftonline.com/${TENANT}/v2.0`;
const APP = '99999999-8888-7777-6666-555555555555';
/** Share of records that open a session; real logs have about 3 % (stack.md). */
const OPENING_SHARE = 0.03;

/** Names and how often they come, in a hundred; ECS is a tenth. */
const CALLS = [
  ['ec2.amazonaws.com', 'DescribeInstances', true, 22],
  ['s3.amazonaws.com', 'GetBucketPolicy', true, 22],
  ['kms.amazonaws.com', 'Decrypt', true, 16],
  ['iam.amazonaws.com', 'GetRole', true, 15],
  ['logs.amazonaws.com', 'CreateLogStream', false, 15],
  ['ecs.amazonaws.com', 'DescribeTasks', true, 9],
  ['ecs.amazonaws.com', 'RunTask', false, 1],
] as const;

const CALLS_BY_CHANCE = CALLS.flatMap((call) => Array.from({ length: call[3] }, () => call));

export interface BulkOptions {
  readonly objects: number;
  readonly recordsPerObject: number;
  readonly seed: number;
  /** `2026-01-15` */
  readonly day: string;
}

/** xorshift128: fast, and random in every bit. */
function randomBits(seed: number): () => number {
  let [a, b, c, d] = [seed | 1, 0x9e3779b9, 0x243f6a88, 0xb7e15162];
  return () => {
    const t = d;
    let s = t ^ (t << 11);
    s ^= s >>> 8;
    [b, c, d] = [a, b, c];
    a = (s ^ a ^ (a >>> 19)) >>> 0;
    return a;
  };
}

class BulkTrail {
  readonly #bits: () => number;
  readonly #people: { key: string; openedAt: string; readonly name: string; readonly role: string; readonly address: string }[];

  constructor(seed: number) {
    this.#bits = randomBits(seed);
    this.#people = Array.from({ length: 200 }, (_, index) => ({
      key: this.#key(),
      openedAt: '2026-01-15T00:00:00Z',
      name: `user${index}@example.com`,
      role: `AROA${this.hex(17).toUpperCase()}`,
      address: `192.0.2.${index % 250}`,
    }));
  }

  hex(length: number): string {
    let text = '';
    while (text.length < length) text += this.#bits().toString(16).padStart(8, '0');
    return text.slice(0, length);
  }

  record(at: string): object {
    const person = this.#people[this.#bits() % this.#people.length];
    if (!person) throw new Error('no people');
    const arn = `arn:aws:sts::${ACCOUNT}:assumed-role/EntraOperator/${person.name}`;
    const common = {
      eventTime: at, awsRegion: 'eu-central-1', sourceIPAddress: person.address, requestID: this.#uuid(), eventID: this.#uuid(),
      eventType: 'AwsApiCall', managementEvent: true, recipientAccountId: ACCOUNT, eventCategory: 'Management',
    };
    if (this.#bits() / 2 ** 32 < OPENING_SHARE) {
      person.key = this.#key();
      person.openedAt = at;
      return {
        eventVersion: '1.08',
        userIdentity: { type: 'WebIdentityUser', principalId: `${PROVIDER}:${APP}:${person.role}`, userName: person.role, identityProvider: PROVIDER },
        eventSource: 'sts.amazonaws.com', eventName: 'AssumeRoleWithWebIdentity', userAgent: 'aws-sdk-js/3', ...common, readOnly: true,
        requestParameters: {
          roleArn: `arn:aws:iam::${ACCOUNT}:role/EntraOperator`, roleSessionName: person.name, durationSeconds: 3600,
          principalTags: { EntraUti: this.hex(22), EntraOid: this.#uuid() }, transitiveTagKeys: ['EntraUti', 'EntraOid'],
        },
        responseElements: {
          credentials: { accessKeyId: person.key, sessionToken: this.hex(600), expiration: 'Jan 15, 2026, 10:00:02 AM' },
          subjectFromWebIdentityToken: person.role, assumedRoleUser: { assumedRoleId: `${person.role}:${person.name}`, arn }, provider: PROVIDER, audience: APP,
        },
        resources: [{ accountId: ACCOUNT, type: 'AWS::IAM::Role', ARN: `arn:aws:iam::${ACCOUNT}:role/EntraOperator` }],
        tlsDetails: tls('sts.eu-central-1.amazonaws.com'),
      };
    }
    const [eventSource, eventName, readOnly] = CALLS_BY_CHANCE[this.#bits() % CALLS_BY_CHANCE.length] ?? CALLS[0];
    return {
      eventVersion: '1.11',
      userIdentity: {
        type: 'AssumedRole', principalId: `${person.role}:${person.name}`, arn, accountId: ACCOUNT, accessKeyId: person.key,
        sessionContext: {
          sessionIssuer: { type: 'Role', principalId: person.role, arn: `arn:aws:iam::${ACCOUNT}:role/EntraOperator`, accountId: ACCOUNT, userName: 'EntraOperator' },
          webIdFederationData: { federatedProvider: PROVIDER, attributes: {} },
          attributes: { creationDate: person.openedAt, mfaAuthenticated: 'false' }, sourceIdentity: person.name,
        },
      },
      eventSource, eventName, userAgent: 'aws-cli/2.15.0 Python/3.11.6 Linux/5.10 exe/x86_64 prompt/off', ...common, readOnly,
      ...(this.#bits() % 10 === 0 ? { errorCode: 'AccessDenied', errorMessage: `User: ${arn} is not authorized to perform: ${eventName}` } : {}),
      ...this.#body(eventName),
      tlsDetails: tls(eventSource),
    };
  }

  #body(eventName: string): object {
    if (eventName !== 'RunTask') {
      const requestParameters = this.#bits() % 5 === 0 ? null : { instancesSet: { items: [{ instanceId: `i-${this.hex(17)}` }] }, filterSet: {}, maxResults: 100 };
      return { requestParameters, responseElements: null };
    }
    const cluster = `arn:aws:ecs:eu-central-1:${ACCOUNT}:cluster/prod`;
    const environment = 'HIDDEN_DUE_TO_SECURITY_REASONS';
    return {
      requestParameters: { cluster: 'prod', taskDefinition: 'report:7', count: 1, startedBy: 'nightly', overrides: { containerOverrides: [{ name: 'app', environment }] } },
      responseElements: {
        tasks: [{ taskArn: `arn:aws:ecs:eu-central-1:${ACCOUNT}:task/prod/${this.hex(32)}`, clusterArn: cluster, group: 'family:report', startedBy: 'nightly' }],
        failures: [],
      },
    };
  }

  #key(): string {
    return `ASIA${this.hex(16).toUpperCase()}`;
  }

  #uuid(): string {
    const h = this.hex(32);
    return `${h.slice(0, 8)}-${h.slice(8, 12)}-4${h.slice(13, 16)}-a${h.slice(17, 20)}-${h.slice(20)}`;
  }
}

function tls(host: string): object {
  return { tlsVersion: 'TLSv1.3', cipherSuite: 'TLS_AES_128_GCM_SHA256', clientProvidedHostHeader: host };
}

/** Writes `.json.gz` trail objects into `folder`, evenly over the day. Returns their paths. */
export async function writeBulkObjects(folder: string, options: BulkOptions): Promise<string[]> {
  await mkdir(folder, { recursive: true });
  const trail = new BulkTrail(options.seed);
  const start = Date.parse(`${options.day}T00:00:00Z`);
  const total = options.objects * options.recordsPerObject;
  const paths: string[] = [];
  for (let object = 0; object < options.objects; object++) {
    const records = Array.from({ length: options.recordsPerObject }, (_, index) => {
      const at = start + Math.floor((86_399_000 * (object * options.recordsPerObject + index)) / total);
      return trail.record(`${new Date(at).toISOString().slice(0, 19)}Z`);
    });
    const stamp = new Date(start + Math.floor((86_399_000 * object) / options.objects)).toISOString().replace(/[-:]/g, '').slice(0, 13);
    const path = join(folder, `${ACCOUNT}_CloudTrail_eu-central-1_${stamp}Z_${trail.hex(16)}.json.gz`);
    await writeFile(path, gzipSync(JSON.stringify({ Records: records })));
    paths.push(path);
  }
  return paths;
}
