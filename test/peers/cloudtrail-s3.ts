/**
 * The cloudtrail-s3 source against an S3 that isn't ours: a trail's and an organization's objects are put through the SDK, pulled,
 * and what came must be what was put, byte for byte, once; then what is new, late or written over, and nothing else.
 */
import { CreateBucketCommand, PutBucketVersioningCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { strict as assert } from 'node:assert';
import { gzipSync } from 'node:zlib';
import { cloudtrailS3Schema } from '../../src/config/sources/cloudtrail-s3.ts';
import { cloudtrailS3 } from '../../src/sources/cloudtrail-s3/index.ts';
import { checked, FakeClock, pulled, type Pulled } from '../pulled.ts';
import type { PeerCounts } from './cloudwatch-logs.ts';

const REGION = 'eu-central-1';
const CREDENTIALS = { accessKeyId: 'AKIAPEER000000000001', secretAccessKey: 'peer' };
const BUCKET = 'whoran-peer-trail';
const PREFIX = 'logs';
/** In one day of one region: more than one page of 1,000 keys. */
const BUSY = 1_050;
const MINUTE = 60_000;
const DAY = 1440 * MINUTE;

interface PutFile {
  readonly key: string;
  readonly body: Buffer;
  readonly metadata?: Record<string, string>;
}

/**
 * @param endpoint of the peer, for example moto's server
 * @throws AssertionError where something that was put did not come, came changed or twice, or a check doesn't say what is
 */
export async function cloudtrailS3Peer(endpoint: string): Promise<PeerCounts> {
  const client = new S3Client({ region: REGION, endpoint, credentials: CREDENTIALS, forcePathStyle: true });
  try {
    await client.send(new CreateBucketCommand({ Bucket: BUCKET, CreateBucketConfiguration: { LocationConstraint: REGION } }));
    await client.send(new PutBucketVersioningCommand({ Bucket: BUCKET, VersioningConfiguration: { Status: 'Enabled' } }));
    return await putAndPull(client, endpoint);
  } finally {
    client.destroy();
  }
}

async function putAndPull(client: S3Client, endpoint: string): Promise<PeerCounts> {
  const now = Math.floor(Date.now() / DAY) * DAY + DAY / 2;
  const busy = Array.from({ length: BUSY }, (_, n) => logFile('111122223333', 'us-east-1', now - DAY - 6 * 60 * MINUTE + Math.floor(n / 4) * MINUTE, n));
  // The last of them an hour ago: alone in its hour, so that writing it over brings it alone again.
  const ofOrganization = Array.from({ length: 60 }, (_, n) => logFile('444455556666', REGION, now - (60 - n) * 60 * MINUTE, n, 'o-exampleorgid/'));
  const fresh = logFile('111122223333', 'us-east-1', now - 5 * MINUTE, 0);
  const digest: PutFile = {
    key: `${PREFIX}/AWSLogs/111122223333/CloudTrail-Digest/us-east-1/${day(now)}/111122223333_CloudTrail-Digest_us-east-1_trail_us-east-1_${stamp(now - 60 * MINUTE, 15)}.json.gz`,
    body: gzipSync('{"digestSignatureAlgorithm":"SHA256withRSA"}'),
    metadata: { signature: 'abcdef', 'signature-algorithm': 'SHA256withRSA' },
  };
  const all = [...busy, ...ofOrganization, fresh, digest];
  await put(client, all);

  const config = cloudtrailS3Schema.parse({ type: 'cloudtrail-s3', id: 'peer', endpoint, bucket: BUCKET, prefix: PREFIX, bucket_region: REGION });
  const source = cloudtrailS3(config, { credentials: async () => Promise.resolve(CREDENTIALS), stsEndpoint: endpoint });
  const clock = new FakeClock(new Date(now).toISOString());
  const first = await pulled(source, { clock });
  came(first, all);
  const metadata = first.steps.flatMap(({ delivered }) => delivered).find(({ origin }) => origin.includes('Digest'))?.metadata ?? {};
  assert.equal(metadata['x-amz-meta-signature'], 'abcdef');
  for (const name of ['etag', 'version-id', 'last-modified']) assert.ok(metadata[name], `no ${name}`);
  assert.deepEqual([...first.cursors.keys()].sort(), ['111122223333/us-east-1', '444455556666/eu-central-1', 'digest/111122223333/us-east-1']);

  clock.ms += 60 * MINUTE;
  const late = logFile('111122223333', 'us-east-1', now - 20 * 60 * MINUTE, 9_999);
  const next = logFile('111122223333', 'us-east-1', clock.ms - MINUTE, 1);
  await put(client, [late, next]);
  const second = await pulled(source, { clock, cursors: first.cursors });
  came(second, [late, next]);
  const over = { ...ofOrganization[59]!, body: gzipSync('{"Records":[]}') };
  await put(client, [over]);
  const third = await pulled(source, { clock, cursors: second.cursors });
  came(third, [over]);
  came(await pulled(source, { clock, cursors: third.cursors }), []);

  const results = await checked(source, clock);
  assert.deepEqual(results.filter(({ outcome }) => outcome !== 'ok').map(({ what }) => what), [], JSON.stringify(results));
  return { written: all.length + 3, pulled: first.bodies.length + second.bodies.length + third.bodies.length, requests: first.events.filter(({ kind }) => kind === 'request').length };
}

function day(at: number): string {
  return new Date(at).toISOString().slice(0, 10).replaceAll('-', '/');
}

/** `YYYYMMDDTHHmm[ss]Z` of so many characters. */
function stamp(at: number, length: 13 | 15): string {
  return `${new Date(at).toISOString().replace(/[-:]/g, '').slice(0, length)}Z`;
}

function logFile(accountId: string, region: string, at: number, n: number, organization = ''): PutFile {
  const unique = String(n).padStart(16, '0');
  const key = `${PREFIX}/AWSLogs/${organization}${accountId}/CloudTrail/${region}/${day(at)}/${accountId}_CloudTrail_${region}_${stamp(at, 13)}_${unique}.json.gz`;
  return { key, body: gzipSync(JSON.stringify({ Records: [{ eventID: key, eventName: 'AssumeRoleWithWebIdentity', readOnly: true }] })) };
}

async function put(client: S3Client, files: readonly PutFile[]): Promise<void> {
  const waiting = [...files];
  const worker = async (): Promise<void> => {
    for (let file = waiting.shift(); file; file = waiting.shift()) {
      await client.send(new PutObjectCommand({ Bucket: BUCKET, Key: file.key, Body: file.body, ContentType: 'application/json', ContentEncoding: 'gzip', Metadata: file.metadata ?? {} }));
    }
  };
  await Promise.all(Array.from({ length: 8 }, worker));
}

function came({ steps, failures }: Pulled, files: readonly PutFile[]): void {
  assert.deepEqual(failures, []);
  const delivered = steps.flatMap((step) => step.delivered);
  assert.deepEqual(delivered.map(({ origin }) => origin).sort(), files.map(({ key }) => `s3://${BUCKET}/${key}`).sort());
  const bodies = new Map(files.map(({ key, body }) => [`s3://${BUCKET}/${key}`, body]));
  for (const { origin, bytes } of delivered) assert.ok(bodies.get(origin)?.equals(bytes), `${origin} came changed`);
}
