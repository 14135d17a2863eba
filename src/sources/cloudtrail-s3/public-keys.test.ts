import { afterEach, expect, it } from 'vitest';
import { awsDouble, type AwsDouble } from '../../../fixtures/doubles/aws-json.ts';
import { s3Double } from '../../../fixtures/doubles/s3.ts';
import { KEYS, START, HOUR, BUCKET, trail } from '../../../test/digest-trail.ts';
import { cloudtrailS3Schema } from '../../config/sources/cloudtrail-s3.ts';
import { parsePublicKeys } from '../../evidence/cloudtrail-digests/public-keys.ts';
import { SourceError, type Step } from '../source.ts';
import { cloudtrailS3 } from './index.ts';

const NOW = START + 5 * HOUR;
const SECRET = 'made-up-secret';
const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const one of open.splice(0)) await one.close();
});

async function pulled(cursors: ReadonlyMap<string, string>, options: { refused?: boolean } = {}): Promise<{ steps: Step[]; error: unknown; aws: AwsDouble }> {
  const { digests, logs } = trail(3);
  const s3 = await s3Double({ now: () => NOW, bucket: BUCKET, objects: () => [...digests, ...logs].map(({ key, bytes, metadata = {} }) => ({ key, body: bytes, metadata, visibleAt: START })) });
  const aws = await awsDouble({
    now: () => NOW, keys: { AKIDEXAMPLE: '111122223333' }, cloudTrail: { records: () => [], publicKeys: () => KEYS.PublicKeyList },
    ...(options.refused ? { fault: () => ({ kind: 'status', status: 403 }) as const } : {}),
  });
  open.push(s3, aws);
  const source = cloudtrailS3(
    cloudtrailS3Schema.parse({ id: 'trail', type: 'cloudtrail-s3', bucket: BUCKET, endpoint: s3.url, cloudtrail_endpoint: aws.url, public_keys: true }),
    { credentials: async () => await Promise.resolve({ accessKeyId: 'AKIDEXAMPLE', secretAccessKey: SECRET }) },
  );
  const steps: Step[] = [];
  const effects = { now: () => new Date(NOW), sleep: async () => { await Promise.resolve(); }, random: () => 0.5, tell: () => undefined };
  try {
    for await (const step of source.pull({ ...effects, cursors, signal: new AbortController().signal })) steps.push(step);
  } catch (error) {
    return { steps, error, aws };
  }
  return { steps, error: undefined, aws };
}

it('asks each region that has digests for its keys, once a pull, from a day before the last one on', async () => {
  const { steps, error, aws } = await pulled(new Map());
  expect(error).toBeUndefined();
  const [keys, ...more] = steps.filter(({ stream }) => stream.startsWith('keys/'));
  expect(more).toEqual([]);
  expect(keys).toMatchObject({ stream: 'keys/eu-central-1', covers: [], cursor: new Date(NOW).toISOString(), completeThrough: new Date(NOW), delivered: [{ origin: 'ListPublicKeys eu-central-1 2026-01-07T00:00:00.000Z/2026-01-15T13:00:00.000Z' }] });
  expect(parsePublicKeys(keys?.delivered[0]?.bytes ?? Buffer.alloc(0)).map(({ fingerprint }) => fingerprint)).toEqual(KEYS.PublicKeyList.map((key) => (key as { Fingerprint: string }).Fingerprint));
  expect(aws.counts.get('ListPublicKeys')).toBe(1);
  const again = await pulled(new Map([['keys/eu-central-1', '2026-01-15T12:00:00.000Z']]));
  expect(again.steps.find(({ stream }) => stream.startsWith('keys/'))?.window?.from).toEqual(new Date('2026-01-14T12:00:00Z'));
});

it('names the permission where the list is refused, and delivers the rest', async () => {
  const { steps, error } = await pulled(new Map(), { refused: true });
  expect(error).toBeInstanceOf(SourceError);
  expect((error as SourceError).failures).toMatchObject([{ stream: 'keys/eu-central-1', hint: expect.stringContaining('cloudtrail:ListPublicKeys') as string }]);
  expect(new Set(steps.map(({ stream }) => stream))).toEqual(new Set(['111122223333/eu-central-1', 'digest/111122223333/eu-central-1']));
});
