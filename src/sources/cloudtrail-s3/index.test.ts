import { createHash } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { afterEach, describe, expect, it } from 'vitest';
import { s3Double, type DoubleObject, type S3Double, type S3DoubleOptions } from '../../../fixtures/doubles/s3.ts';
import { cloudtrailS3Schema } from '../../config/sources/cloudtrail-s3.ts';
import type { AwsGiven } from '../_aws.ts';
import { SourceError, type CheckResult, type Source, type SourceEvent, type Step, type Window } from '../source.ts';
import { cloudtrailS3 } from './index.ts';

const BUCKET = 'example-org-trail';
const SECRET = 'made-up-secret-key';
const NOW = Date.parse('2026-03-08T10:30:00Z');
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const ACCOUNT = '111122223333';
const REGION = 'eu-central-1';
const STREAM = `${ACCOUNT}/${REGION}`;

const open: { close: () => Promise<void> }[] = [];
afterEach(async () => {
  for (const each of open.splice(0)) await each.close();
});

interface Place {
  readonly accountId?: string;
  readonly region?: string;
  readonly root?: string;
  readonly unique?: string;
}

/** A log file that was delivered at `at`, with a body of its own. */
function logFile(at: number, place: Place & Partial<DoubleObject> = {}): DoubleObject {
  const { accountId = ACCOUNT, region = REGION, root = '', unique = 'Ab3dEfGh1jKlMn0p', ...more } = place;
  const iso = new Date(at).toISOString();
  const day = iso.slice(0, 10).replaceAll('-', '/');
  const stamp = `${iso.slice(0, 16).replace(/[-:]/g, '')}Z`;
  const key = `${root}AWSLogs/${accountId}/CloudTrail/${region}/${day}/${accountId}_CloudTrail_${region}_${stamp}_${unique}.json.gz`;
  return { key, body: gzipSync(JSON.stringify({ Records: [{ eventID: key, eventName: 'RunTask' }] })), visibleAt: at, ...more };
}

/** A log file each `every` minutes, from `from` (included) to `to`. */
function logFiles(from: number, to: number, every: number, place: Place = {}): DoubleObject[] {
  return Array.from({ length: Math.ceil((to - from) / (every * MINUTE)) }, (_, index) => logFile(from + index * every * MINUTE, place));
}

function digest(at: number): DoubleObject {
  const iso = new Date(at).toISOString();
  const stamp = `${iso.slice(0, 19).replace(/[-:]/g, '')}Z`;
  return {
    key: `AWSLogs/${ACCOUNT}/CloudTrail-Digest/${REGION}/${iso.slice(0, 10).replaceAll('-', '/')}/${ACCOUNT}_CloudTrail-Digest_${REGION}_trail_${REGION}_${stamp}.json.gz`,
    body: gzipSync(JSON.stringify({ digestEndTime: iso })),
    visibleAt: at,
    metadata: { signature: 'abcdef0123', 'signature-algorithm': 'SHA256withRSA' },
  };
}

interface Rig {
  readonly double: S3Double;
  readonly objects: DoubleObject[];
  readonly clock: { now: number };
  readonly source: Source;
  readonly told: SourceEvent[];
  readonly cursors: Map<string, string>;
  /** Every body that was ever delivered, by SHA-256, and how often. */
  readonly landed: Map<string, number>;
  readonly completed: Map<string, number>;
  readonly pull: (options?: { backfill?: Window; stopAfter?: number; signal?: AbortSignal }) => Promise<{ steps: Step[]; error: unknown }>;
  readonly check: () => Promise<CheckResult[]>;
}

async function rig(objects: DoubleObject[], config: Record<string, unknown> = {}, more: Partial<S3DoubleOptions> = {}, given: AwsGiven = {}): Promise<Rig> {
  const clock = { now: NOW };
  const double = await s3Double({ now: () => clock.now, bucket: BUCKET, objects: () => objects, ...more });
  open.push(double);
  const told: SourceEvent[] = [];
  const cursors = new Map<string, string>();
  const landed = new Map<string, number>();
  const completed = new Map<string, number>();
  const source = cloudtrailS3(
    cloudtrailS3Schema.parse({ id: 'trail', type: 'cloudtrail-s3', bucket: BUCKET, endpoint: double.url, digests: false, ...config }),
    { credentials: async () => await Promise.resolve({ accessKeyId: 'AKIDEXAMPLE', secretAccessKey: SECRET }), requestTimeoutMs: 300, ...given },
  );
  const effects = {
    now: () => new Date(clock.now),
    sleep: async (ms: number, signal: AbortSignal) => {
      signal.throwIfAborted();
      clock.now += ms;
      await Promise.resolve();
    },
    random: () => 0.5,
    tell: (event: SourceEvent) => told.push(event),
  };
  return {
    double, objects, clock, source, told, cursors, landed, completed,
    pull: async ({ backfill, stopAfter = Infinity, signal = new AbortController().signal } = {}) => {
      const steps: Step[] = [];
      try {
        for await (const step of source.pull({ ...effects, cursors: new Map(cursors), signal, ...(backfill ? { backfill } : {}) })) {
          steps.push(step);
          for (const { bytes } of step.delivered) {
            const sha = createHash('sha256').update(bytes).digest('hex');
            landed.set(sha, (landed.get(sha) ?? 0) + 1);
          }
          if (steps.length > stopAfter) break;
          if (step.cursor !== undefined) cursors.set(step.stream, step.cursor);
          if (step.completeThrough) completed.set(step.stream, step.completeThrough.getTime());
        }
      } catch (error) {
        return { steps, error };
      }
      return { steps, error: undefined };
    },
    check: async () => {
      const results: CheckResult[] = [];
      for await (const result of source.check({ ...effects, signal: new AbortController().signal })) results.push(result);
      return results;
    },
  };
}

const keysOf = (steps: readonly Step[]): string[] => steps.flatMap(({ delivered }) => delivered.map(({ origin }) => origin.replace(`s3://${BUCKET}/`, ''))).sort();
const sha = ({ body }: DoubleObject): string => createHash('sha256').update(body).digest('hex');

describe('a first pull', () => {
  it('delivers each object once as it is stored, with what S3 says of it', async () => {
    const objects = [
      ...logFiles(NOW - 2 * DAY, NOW, 60),
      { ...logFile(NOW - 90 * MINUTE, { unique: 'WithMetadata0000' }), versionId: 'v1', metadata: { note: 'kept' } },
      digest(NOW - HOUR),
      logFile(NOW - 30 * DAY),
    ];
    const { pull, completed, cursors } = await rig(objects, { digests: true });
    const { steps, error } = await pull();
    expect(error).toBeUndefined();
    expect(keysOf(steps)).toEqual(objects.slice(0, -1).map(({ key }) => key).sort());
    const delivered = new Map(steps.flatMap((step) => step.delivered).map((one) => [one.origin, one]));
    for (const { key, body } of objects.slice(0, -1)) expect(delivered.get(`s3://${BUCKET}/${key}`)!.bytes.equals(body)).toBe(true);
    expect(delivered.get(`s3://${BUCKET}/${objects.at(-3)!.key}`)!.metadata).toEqual({
      etag: createHash('md5').update(objects.at(-3)!.body).digest('hex'),
      'version-id': 'v1',
      'last-modified': '2026-03-08T09:00:00.000Z',
      'x-amz-meta-note': 'kept',
    });
    expect(delivered.get(`s3://${BUCKET}/${objects.at(-2)!.key}`)!.metadata).toMatchObject({ 'x-amz-meta-signature': 'abcdef0123' });
    expect([...cursors.keys()].sort()).toEqual([STREAM, `digest/${STREAM}`]);
    // The listing's time, less what delivery takes.
    expect(completed).toEqual(new Map([[STREAM, NOW - 15 * MINUTE], [`digest/${STREAM}`, NOW - 15 * MINUTE]]));
  });

  it('finds the accounts and regions of a trail and of an organization behind a prefix, and takes those that are asked for', async () => {
    const root = 'logs/2026/';
    const mine = logFile(NOW - HOUR, { root });
    const theirs = logFile(NOW - HOUR, { root, accountId: '444455556666', region: 'us-east-1' });
    const organization = { ...theirs, key: theirs.key.replace('AWSLogs/', 'AWSLogs/o-exampleorgid/') };
    const others = [logFile(NOW - HOUR, { root, region: 'ap-southeast-2' }), { ...mine, key: mine.key.replace('CloudTrail/', 'CloudTrail-Insight/') }, { ...mine, key: `${root}AWSLogs/readme/CloudTrail/x.json` }];
    const all = await rig([mine, organization, ...others], { prefix: 'logs/2026/' }, { pageSize: 1 });
    expect((await all.pull()).steps.map(({ stream }) => stream).filter((stream, at, list) => list.indexOf(stream) === at).sort()).toEqual([
      '111122223333/ap-southeast-2', '111122223333/eu-central-1', '444455556666/us-east-1',
    ]);
    const some = await rig([mine, organization, ...others], { prefix: 'logs/2026', accounts: ['444455556666', '777788889999'], regions: ['us-east-1'] });
    const { steps } = await some.pull();
    expect(keysOf(steps)).toEqual([organization.key]);
    expect(steps[0]!.covers).toEqual([{ of: 'cloudtrail', accountId: '444455556666', region: 'us-east-1' }]);
    expect(some.told).toContainEqual({ kind: 'warning', stream: null, message: 'account 777788889999 has no log files under logs/2026/AWSLogs/' });
    expect(some.source.streams.map(({ stream }) => stream)).toEqual(['444455556666/us-east-1', '777788889999/us-east-1']);
  });

  it('reads one account and region from both folders where a trail and an organization share a bucket', async () => {
    const one = logFile(NOW - HOUR);
    const other = { ...one, key: one.key.replace('AWSLogs/', 'AWSLogs/o-exampleorgid/'), body: gzipSync('{"Records":[]}') };
    const { pull } = await rig([one, other]);
    expect(keysOf((await pull()).steps)).toEqual([one.key, other.key].sort());
    expect(keysOf((await pull()).steps)).toEqual([]);
  });

  it('says so where nothing of a trail is there', async () => {
    const { pull } = await rig([{ ...logFile(NOW - HOUR), key: 'elsewhere/AWSLogs/x' }]);
    const { error } = await pull();
    expect((error as SourceError).failures[0]).toMatchObject({ message: `nothing of a trail lies under s3://${BUCKET}/AWSLogs/`, hint: expect.stringContaining('prefix') as string });
  });

  it('closes steps at 8 MiB, and reads no more ahead than it must', async () => {
    const objects = Array.from({ length: 6 }, (_, index) => logFile(NOW - HOUR - index * MINUTE, { body: Buffer.alloc(3 * 1024 * 1024, index + 1) }));
    const { pull } = await rig(objects);
    const { steps } = await pull();
    expect(steps.filter(({ delivered }) => delivered.length > 0).map(({ delivered }) => delivered.length)).toEqual([2, 2, 2]);
    expect(steps.filter(({ cursor }) => cursor !== undefined)).toHaveLength(1);
  });
});

describe('a later pull', () => {
  it('reads only what is new, however long the trail: as many listings after a year as after a day', async () => {
    const year = [...logFiles(NOW - 365 * DAY, NOW - 3 * DAY, 60), ...logFiles(NOW - 3 * DAY, NOW, 5)];
    const { pull, double, clock, objects } = await rig(year, { first_days: 2 }, {}, { requestTimeoutMs: 5000 });
    await pull();
    objects.push(...logFiles(NOW, NOW + 15 * MINUTE, 5));
    clock.now += 15 * MINUTE;
    double.counts.ListObjectsV2 = 0;
    double.counts.GetObject = 0;
    const { steps } = await pull();
    expect(keysOf(steps)).toEqual(objects.slice(-3).map(({ key }) => key));
    // The accounts, the regions, and two days: the least is one listing and three reads.
    expect(double.counts).toEqual({ ListObjectsV2: 4, GetObject: 3 });
    expect(steps.at(-1)!.cursor!.length).toBeLessThan(800);
    expect(steps.at(-1)!.completeThrough).toEqual(new Date(NOW));
  });

  it('tells how far a region is complete that has no object in a day', async () => {
    const { pull, completed, clock } = await rig([logFile(NOW - 5 * DAY)]);
    await pull();
    clock.now += 2 * DAY;
    const { steps } = await pull();
    expect(keysOf(steps)).toEqual([]);
    expect(completed.get(STREAM)).toBe(NOW + 2 * DAY - 15 * MINUTE);
  });

  it('finds an object that came late, and reads just that', async () => {
    const { pull, objects, clock, double } = await rig(logFiles(NOW - DAY, NOW, 5));
    await pull();
    const late = logFile(NOW - 20 * HOUR, { unique: 'LateLateLateLate', visibleAt: NOW + HOUR });
    objects.push(late);
    clock.now += 2 * HOUR;
    double.counts.GetObject = 0;
    expect(keysOf((await pull()).steps)).toEqual([late.key]);
    expect(double.counts.GetObject).toBe(1);
    expect(keysOf((await pull()).steps)).toEqual([]);
  });

  it('finds one that was replicated late and shows the time of its original, by reading its hour again', async () => {
    const { pull, objects, clock, landed, double } = await rig(logFiles(NOW - DAY, NOW, 5));
    await pull();
    const late = logFile(NOW - 20 * HOUR, { unique: '0ReplicatedLate0', visibleAt: NOW + HOUR, lastModified: NOW - 20 * HOUR });
    objects.push(late);
    clock.now += 2 * HOUR;
    double.counts.GetObject = 0;
    await pull();
    expect(landed.has(sha(late))).toBe(true);
    expect(double.counts.GetObject).toBe(13);
    expect(keysOf((await pull()).steps)).toEqual([]);
  });

  it('delivers an object that was written over', async () => {
    const { pull, objects, clock, landed } = await rig(logFiles(NOW - DAY, NOW, 60));
    await pull();
    const over = { ...objects[20]!, body: gzipSync('{"Records":[{"eventID":"other"}]}'), visibleAt: NOW + HOUR, versionId: 'v2' };
    objects.push(over);
    clock.now += 2 * HOUR;
    await pull();
    expect(landed.has(sha(over))).toBe(true);
    expect(keysOf((await pull()).steps)).toEqual([]);
  });

  it('begins anew where its cursor is of another version', async () => {
    const { pull, objects, cursors, told } = await rig(logFiles(NOW - DAY, NOW, 60));
    cursors.set(STREAM, '{"v":0}');
    expect(keysOf((await pull()).steps)).toHaveLength(objects.length);
    expect(told).toContainEqual(expect.objectContaining({ kind: 'warning', stream: STREAM }));
  });

  it('does not take a machine whose clock is ahead for complete', async () => {
    const { pull, completed } = await rig(logFiles(NOW - DAY, NOW, 60), {}, { clockAheadMs: -2 * HOUR });
    await pull();
    expect(completed.get(STREAM)! / MINUTE).toBeCloseTo((NOW - 2 * HOUR - 15 * MINUTE) / MINUTE, 0);
  });
});

describe('a pull that is stopped', () => {
  it('at any step loses nothing, and delivers nothing twice but what was not kept', async () => {
    const bodies = Array.from({ length: 24 }, (_, index) => logFile(NOW - 3 * DAY + index * 2 * HOUR, { body: Buffer.concat([Buffer.alloc(1024 * 1024, 7), Buffer.from(String(index))]) }));
    for (let stopAfter = 0; stopAfter < 5; stopAfter += 1) {
      const { pull, landed } = await rig(bodies);
      await pull({ stopAfter });
      expect((await pull()).error).toBeUndefined();
      expect([...landed.keys()].sort()).toEqual(bodies.map(sha).sort());
      expect(Math.max(...landed.values())).toBeLessThanOrEqual(2);
    }
  });

  it('ends at once when it is aborted amid a download', async () => {
    const stop = new AbortController();
    const { pull } = await rig(logFiles(NOW - DAY, NOW, 60), {}, { fault: (_, operation) => (operation === 'GetObject' ? { kind: 'hang' } : undefined) }, { requestTimeoutMs: 60_000 });
    setTimeout(() => { stop.abort(new Error('the run ends')); }, 200);
    const began = Date.now();
    expect((await pull({ signal: stop.signal })).error).toEqual(new Error('the run ends'));
    expect(Date.now() - began).toBeLessThan(3000);
  });
});

describe('faults on the way', () => {
  const script: readonly { readonly name: string; readonly fault: NonNullable<S3DoubleOptions['fault']> }[] = [
    { name: 'throttled', fault: ({ number }) => (number % 3 === 0 ? { kind: 'throttle' } : undefined) },
    { name: 'throttled with Retry-After', fault: ({ number }) => (number % 3 === 0 ? { kind: 'throttle', retryAfterSeconds: 2 } : undefined) },
    { name: 'failing', fault: ({ number }) => (number % 3 === 0 ? { kind: 'status', status: 500 } : undefined) },
    { name: 'resetting', fault: ({ number }) => (number % 3 === 0 ? { kind: 'reset' } : undefined) },
    { name: 'resetting amid bodies', fault: ({ number }) => (number % 3 === 0 ? { kind: 'reset_mid_body' } : undefined) },
    { name: 'hanging', fault: ({ number }) => (number % 9 === 0 ? { kind: 'hang' } : undefined) },
    { name: 'slow', fault: ({ number }) => (number % 9 === 0 ? { kind: 'slow_bytes', pauseMs: 20 } : undefined) },
    { name: 'stopping amid bodies', fault: ({ number }) => (number % 9 === 0 ? { kind: 'slow_bytes', pauseMs: 500 } : undefined) },
    { name: 'empty pages', fault: ({ number }, operation) => (operation === 'ListObjectsV2' && number % 2 === 0 ? { kind: 'special', name: 'empty_page' } : undefined) },
    { name: 'damaged bodies', fault: ({ number }, operation) => (operation === 'GetObject' && number % 7 === 0 ? { kind: 'special', name: 'damaged' } : undefined) },
    { name: 'a page of a proxy', fault: ({ number }, operation) => (operation === 'ListObjectsV2' && number % 3 === 0 ? { kind: 'special', name: 'not_xml' } : undefined) },
    { name: 'credentials that expire', fault: ({ number }) => (number === 7 ? { kind: 'expired_credentials' } : undefined) },
  ];
  it.each(script)('$name: everything is delivered, byte for byte', async ({ fault }) => {
    const objects = logFiles(NOW - DAY, NOW, 60);
    const { pull, landed, double, told } = await rig(objects, {}, { fault, pageSize: 5 });
    const { error } = await pull();
    expect(error).toBeUndefined();
    expect([...landed.keys()].sort()).toEqual(objects.map(sha).sort());
    expect(double.server.faults.length).toBeGreaterThan(0);
    expect(JSON.stringify(told)).not.toMatch(/made-up|continuation|AKID/);
  });

  it('a large object whose connection breaks amid its body, without a time limit to help', async () => {
    const objects = [logFile(NOW - HOUR, { body: Buffer.alloc(4 * 1024 * 1024, 3) })];
    let gets = 0;
    const { pull, landed } = await rig(objects, {}, { fault: (_, operation) => (operation === 'GetObject' && (gets += 1) <= 2 ? { kind: 'reset_mid_body' } : undefined) }, { requestTimeoutMs: 60_000 });
    expect((await pull()).error).toBeUndefined();
    expect([...landed.keys()]).toEqual(objects.map(sha));
    expect(gets).toBe(3);
  });

  it('gives up at the deadline with the cursor where it was, and later streams sooner', async () => {
    const objects = [...logFiles(NOW - DAY, NOW, 60), ...logFiles(NOW - DAY, NOW, 60, { region: 'us-east-1' })];
    let isDown = false;
    const { pull, cursors, clock } = await rig(objects, {}, { fault: (_, operation) => (isDown && operation === 'GetObject' ? { kind: 'status', status: 503 } : undefined) });
    await pull();
    const before = new Map(cursors);
    objects.push(...logFiles(NOW, NOW + HOUR, 10));
    clock.now += HOUR;
    isDown = true;
    const { error } = await pull();
    expect((error as SourceError).failures).toHaveLength(1);
    expect((error as SourceError).failures[0]!.message).toMatch(/^GetObject: gave up after \d+ attempts in \d+ s: the service failed \(HTTP 503\)/);
    expect(cursors.get(STREAM)).toBe(before.get(STREAM));
    expect(cursors.get(`${ACCOUNT}/us-east-1`)).not.toBe(before.get(`${ACCOUNT}/us-east-1`));
  });
});

describe('objects that cannot be read', () => {
  it.each([
    ['archived', 'InvalidObjectState (HTTP 403)', /^Restore/],
    ['kms_denied', 'kms:Decrypt', /^Grant kms:Decrypt on the key/],
    ['denied', 'AccessDenied (HTTP 403)', /^Grant s3:GetObject on arn:aws:s3:::example-org-trail\/\* .*kms:Decrypt/],
  ] as const)('%s: named with what to do, others go on, completeness waits, and it comes when it can', async (refusal, message, hint) => {
    const objects = logFiles(NOW - DAY, NOW, 60);
    objects[5] = { ...objects[5]!, refusal };
    const { pull, landed, completed, clock } = await rig(objects);
    const first = (await pull()).error as SourceError;
    expect(first.failures).toEqual([{ stream: STREAM, message: expect.stringContaining(message) as string, hint: expect.stringMatching(hint) as string }]);
    expect(first.failures[0]!.message).toContain(objects[5].key);
    expect(landed.size).toBe(objects.length - 1);
    expect(completed.get(STREAM)).toBe(NOW - DAY + 5 * HOUR - 15 * MINUTE);

    clock.now += 3 * DAY;
    expect((await pull()).error).toBeInstanceOf(SourceError);
    expect(completed.get(STREAM)).toBe(NOW - DAY + 5 * HOUR - 15 * MINUTE);

    objects[5] = { ...logFile(NOW - DAY + 5 * HOUR) };
    expect((await pull()).error).toBeUndefined();
    expect(landed.has(sha(objects[5]))).toBe(true);
    expect(completed.get(STREAM)).toBe(clock.now - 15 * MINUTE);
  });

  it('vanished between listing and reading: named once, then told as gone', async () => {
    const objects = logFiles(NOW - DAY, NOW, 60);
    const { key } = objects[5]!;
    const { pull, told, landed } = await rig(objects, {}, { fault: ({ url }, operation) => (operation === 'GetObject' && url.pathname.endsWith(key) ? { kind: 'special', name: 'gone' } : undefined) });
    const { error } = await pull();
    expect((error as SourceError).failures[0]!.message).toMatch(/^1 object could not be read; .*NoSuchKey \(HTTP 404\)/);
    expect(landed.size).toBe(objects.length - 1);
    objects.splice(5, 1);
    expect((await pull()).error).toBeUndefined();
    expect(told).toContainEqual({ kind: 'warning', stream: STREAM, message: `gone from the bucket before it could be read: ${key}` });
  });

  it('damaged where it lies: tried three times, then named', async () => {
    const objects = logFiles(NOW - DAY, NOW, 60);
    const { key } = objects[5]!;
    const { pull, double } = await rig(objects, {}, { fault: ({ url }, operation) => (operation === 'GetObject' && url.pathname.endsWith(key) ? { kind: 'special', name: 'damaged' } : undefined) });
    const { error } = await pull();
    expect((error as SourceError).failures[0]!.message).toContain('it came damaged 3 times');
    expect(double.counts.GetObject).toBe(objects.length + 2);
  });

  it('all of them: stops after a few, keeps the cursor, and does not stop other streams', async () => {
    const denied = logFiles(NOW - DAY, NOW, 5).map((object) => ({ ...object, refusal: 'kms_denied' as const }));
    const other = logFile(NOW - HOUR, { region: 'us-east-1' });
    const { pull, cursors, double } = await rig([...denied, other]);
    const { steps, error } = await pull();
    expect(keysOf(steps)).toEqual([other.key]);
    expect((error as SourceError).failures[0]!.message).toMatch(/^20 objects could not be read, and the pull stopped there/);
    expect(cursors.has(STREAM)).toBe(false);
    expect(double.counts.GetObject).toBeLessThan(100);
  });

  it('names keys harmlessly, and lists keys that cannot stand in XML', async () => {
    const hostile = logFile(NOW - HOUR, { unique: 'x\u001b[31m + &\u202e\u0001%41', refusal: 'denied' });
    const readable = logFile(NOW - HOUR, { unique: 'a b+c&<d>%41\u0001' });
    const { pull } = await rig([hostile, readable]);
    const { steps, error } = await pull();
    expect(keysOf(steps)).toEqual([readable.key]);
    expect((error as SourceError).failures[0]!.message).toContain('x\\u001b[31m + &\\u202e\\u0001%41');
  });

  it('an account whose folders may not be listed fails alone', async () => {
    const mine = logFile(NOW - HOUR);
    const { pull } = await rig([mine, logFile(NOW - HOUR, { accountId: '444455556666' })], {}, { unlistable: ['AWSLogs/444455556666/'] });
    const { steps, error } = await pull();
    expect(keysOf(steps)).toEqual([mine.key]);
    expect((error as SourceError).failures).toEqual([
      { stream: '444455556666/CloudTrail', message: expect.stringContaining('s3:ListBucket') as string, hint: expect.stringContaining('Grant s3:ListBucket on arn:aws:s3:::example-org-trail') as string },
    ]);
  });
});

describe('a backfill', () => {
  it('pulls what was delivered in its window and an hour after, and says no cursor', async () => {
    const objects = logFiles(NOW - 20 * DAY, NOW, 60);
    const { pull, cursors } = await rig(objects);
    const from = NOW - 15 * DAY;
    const { steps, error } = await pull({ backfill: { from: new Date(from), to: new Date(from + 6 * HOUR) } });
    expect(error).toBeUndefined();
    expect(keysOf(steps)).toEqual(logFiles(from, from + 8 * HOUR, 60).map(({ key }) => key));
    expect(steps.every(({ cursor, completeThrough }) => cursor === undefined && completeThrough === undefined)).toBe(true);
    expect(cursors.size).toBe(0);
  });
});

describe('check', () => {
  const byWhat = (results: readonly CheckResult[]): Record<string, CheckResult> => Object.fromEntries(results.map((result) => [result.what, result]));
  const session = gzipSync(JSON.stringify({ Records: [{ eventName: 'AssumeRoleWithWebIdentity', readOnly: true }] }));

  it('finds all well', async () => {
    const { check } = await rig([logFile(NOW - 5 * MINUTE, { body: session, versionId: 'v1', isKmsEncrypted: true }), digest(NOW - HOUR)], { digests: true });
    expect((await check()).map(({ what, outcome, found }) => [what, outcome, found])).toEqual([
      ['credentials', 'not_tried', 'the source has an endpoint of its own, and STS is not asked behind it'],
      ['s3:ListBucket on example-org-trail', 'ok', '1 accounts, 1 accounts and regions'],
      ["this machine's clock", 'ok', "within 2 minutes of S3's"],
      ['delivery of log files', 'ok', 'the newest object is 5 minutes old'],
      ['s3:GetObject on example-org-trail', 'ok', '1 of the newest objects were read'],
      ['kms:Decrypt', 'ok', 'objects are encrypted with a KMS key, and were read'],
      ['versions of objects', 'ok', 'the bucket keeps them'],
      ['read-only events', 'ok', 'the newest objects hold AssumeRole records'],
      ['digests (log file validation)', 'ok', 'the newest is 60 minutes old, and signed'],
    ]);
  });

  it('warns of a trail that is silent, write-only, without digests or versions, and of a wrong clock', async () => {
    const { check } = await rig([logFile(NOW - 26 * HOUR)], { digests: true, regions: [REGION, 'us-east-1'] }, { clockAheadMs: 10 * MINUTE });
    const found = byWhat(await check());
    expect(found['delivery of log files']).toMatchObject({ outcome: 'warning', found: 'the newest object is 1560 minutes old' });
    expect(found['read-only events']).toMatchObject({ outcome: 'warning', fix: expect.stringContaining('ReadWriteType All') as string });
    expect(found['versions of objects']).toMatchObject({ outcome: 'warning' });
    expect(found['digests (log file validation)']).toMatchObject({ outcome: 'warning', fix: expect.stringContaining('--enable-log-file-validation') as string });
    expect(found['configured accounts and regions']).toMatchObject({ outcome: 'warning', found: expect.stringContaining('us-east-1') as string });
    expect(found["this machine's clock"]).toMatchObject({ outcome: 'warning', found: expect.stringMatching(/^(599|600) s behind S3's$/) as string });
  });

  it.each([
    ['kms_denied', 'kms:Decrypt', 'Grant kms:Decrypt on the key'],
    ['denied', 's3:GetObject on example-org-trail', 'Grant s3:GetObject on arn:aws:s3:::example-org-trail/*'],
  ] as const)('names the permission that is missing: %s', async (refusal, what, fix) => {
    const { check } = await rig([logFile(NOW - 5 * MINUTE, { refusal })]);
    expect(byWhat(await check())[what]).toMatchObject({ outcome: 'missing', fix: expect.stringContaining(fix) as string });
  });

  it('names s3:ListBucket, a wrong bucket and an unknown key', async () => {
    const objects = [logFile(NOW - 5 * MINUTE)];
    const list = 's3:ListBucket on example-org-trail';
    expect(byWhat(await (await rig(objects, {}, { unlistable: [''] })).check())[list]).toMatchObject({ outcome: 'missing', fix: expect.stringContaining('Grant s3:ListBucket') as string });
    expect(byWhat(await (await rig(objects, {}, { bucket: 'another-bucket' })).check())[list]).toMatchObject({ outcome: 'missing', fix: 'Correct the bucket: there is none of this name.' });
    const unknown = await (await rig(objects, {}, { keys: ['AKIDOTHER'] })).check();
    expect(byWhat(unknown)[list]).toMatchObject({ outcome: 'missing', found: 'InvalidAccessKeyId (HTTP 403)' });
    expect(JSON.stringify(unknown)).not.toMatch(/made-up|AKIDEXAMPLE/);
  });
});
