/**
 * What `doctor` tries of a cloudtrail-s3 source: credentials, the listing, an object, its key; and what the bucket shows of how
 * the trail is set: versions, digests, read-only events, when it last delivered.
 */
import pLimit from 'p-limit';
import type { CloudtrailS3Config } from '../../config/sources/cloudtrail-s3.ts';
import { inert } from '../../core/inert.ts';
import { gunzipWithinAsync } from '../../landing/gunzip.ts';
import { awsCheckFailure } from '../_aws-failure.ts';
import { callingAccount, hintFor, isDenied, type AwsGiven } from '../_aws.ts';
import { RetriesExhausted } from '../_retry.ts';
import { SourceError, type CheckResult, type SourceEffects } from '../source.ts';
import { TrailBucket, type ReadObject } from './bucket.ts';
import { discover } from './discover.ts';
import { beforeHour, dayFolder, daysBetween, stampOf, startOfDay, startOfHour, type TrailStream } from './layout.ts';
import type { ListedObject } from './seen.ts';

type CheckEffects = SourceEffects & { readonly signal: AbortSignal };
/** A check waits for nobody long. */
const POLICY = { deadlineMs: 15_000 };
const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;
/** A trail that delivers at all delivers more often than this; its digests come each hour, and up to an hour later. */
const STALE_MS = 60 * MINUTE_MS;
const STALE_DIGEST_MS = 150 * MINUTE_MS;
/** AWS refuses signatures that are 15 minutes off; well before that, times of different sources no longer fit together. */
const SKEW_MS = 2 * MINUTE_MS;
/** Of so many accounts and regions the newest object is sought: one or two listings each. */
const STREAMS_LOOKED_AT = 24;
/** So many of the newest objects are opened. */
const OBJECTS_OPENED = 5;
/** A log file expands to a few MB; what expands to more is not opened here. */
const OPENED_BYTES = 64 * 1024 * 1024;

export async function* checkTrail(config: CloudtrailS3Config, given: AwsGiven, effects: CheckEffects): AsyncGenerator<CheckResult> {
  yield await checkCredentials(config, given, effects);
  const bucket = new TrailBucket(config, effects, given, POLICY);
  try {
    yield* checkBucket(bucket, config, effects);
  } catch (error) {
    yield awsCheckFailure('read the bucket', error, { action: 's3:ListBucket', resource: `arn:aws:s3:::${config.bucket}` });
  } finally {
    bucket.close();
  }
}

async function checkCredentials(config: CloudtrailS3Config, given: AwsGiven, effects: CheckEffects): Promise<CheckResult> {
  const what = config.role_arn === undefined ? 'credentials' : `sts:AssumeRole of ${config.role_arn}`;
  if (config.endpoint !== undefined && given.stsEndpoint === undefined) {
    return { what, outcome: 'not_tried', found: 'the source has an endpoint of its own, and STS is not asked behind it' };
  }
  try {
    const { arn } = await callingAccount({ ...config, region: config.bucket_region }, effects, given, POLICY);
    return { what, outcome: 'ok', found: inert(arn) };
  } catch (error) {
    return awsCheckFailure(what, error, { action: 'sts:AssumeRole', ...(config.role_arn === undefined ? {} : { resource: config.role_arn }) });
  }
}

async function* checkBucket(bucket: TrailBucket, config: CloudtrailS3Config, effects: CheckEffects): AsyncGenerator<CheckResult> {
  const list = `s3:ListBucket on ${config.bucket}`;
  const warnings: string[] = [];
  let streams: readonly TrailStream[];
  try {
    const found = await discover(bucket, config, {
      tell: (event) => {
        if (event.kind === 'warning') warnings.push(event.message);
        else effects.tell(event);
      },
    });
    for (const { stream, message, hint } of found.failures) yield { what: `${list}, ${stream}`, outcome: 'failed', found: message, ...(hint === undefined ? {} : { fix: hint }) };
    ({ streams } = found);
  } catch (error) {
    const failure = error instanceof SourceError ? error.failures[0] : undefined;
    yield failure
      ? { what: list, outcome: failure.hint === undefined ? 'failed' : 'missing', found: failure.message, ...(failure.hint === undefined ? {} : { fix: failure.hint }) }
      : awsCheckFailure(list, error, { action: 's3:ListBucket', resource: `arn:aws:s3:::${config.bucket}` });
    return;
  }
  const logs = streams.filter(({ kind }) => kind === 'CloudTrail');
  yield { what: list, outcome: 'ok', found: `${new Set(logs.map(({ accountId }) => accountId)).size} accounts, ${logs.length} accounts and regions` };
  for (const message of warnings) {
    yield { what: 'configured accounts and regions', outcome: 'warning', found: message, fix: 'Add it to the trail (an organization trail, all regions), or take it out of the source.' };
  }
  yield clock(bucket);

  const newest = await newestOf(bucket, logs, effects);
  yield delivery(newest, effects);
  const opened: ReadObject[] = [];
  for (const { key } of newest.slice(0, OBJECTS_OPENED)) {
    try {
      opened.push(await bucket.read(key));
    } catch (error) {
      yield unreadable(error, config);
      break;
    }
  }
  const [first] = opened;
  if (first) {
    yield { what: `s3:GetObject on ${config.bucket}`, outcome: 'ok', found: `${opened.length} of the newest objects were read` };
    yield first.encryption?.startsWith('aws:kms') === true
      ? { what: 'kms:Decrypt', outcome: 'ok', found: 'objects are encrypted with a KMS key, and were read' }
      : { what: 'kms:Decrypt', outcome: 'ok', found: 'not needed: the newest object is not encrypted with a KMS key' };
    yield versions(first);
    yield await readOnlyEvents(opened);
  }
  yield await digests(bucket, config, streams, effects);
}

function clock(bucket: TrailBucket): CheckResult {
  const what = "this machine's clock";
  const seconds = Math.round(bucket.clockAheadMs / 1000);
  return Math.abs(bucket.clockAheadMs) < SKEW_MS
    ? { what, outcome: 'ok', found: `within ${SKEW_MS / MINUTE_MS} minutes of S3's` }
    : { what, outcome: 'warning', found: `${Math.abs(seconds)} s ${seconds > 0 ? 'behind' : 'ahead of'} S3's`, fix: 'Set the clock by NTP: times of different sources are compared.' };
}

/** The newest objects, the newest of each stream first; of streams with something delivered in the last two days. */
async function newestOf(bucket: TrailBucket, streams: readonly TrailStream[], effects: CheckEffects): Promise<ListedObject[]> {
  const now = effects.now().getTime();
  const limit = pLimit(8);
  const lastHours = startOfHour(now - 3 * 60 * MINUTE_MS);
  const found = await Promise.all(
    streams.slice(0, STREAMS_LOOKED_AT).map(async (trail) =>
      limit(async () => {
        // The last hours first: a day of a busy account is many pages.
        for (const day of daysBetween(now - DAY_MS, now).reverse()) {
          for (const folder of trail.folders) {
            const after = startOfDay(lastHours) === day ? beforeHour(trail, folder, lastHours) : undefined;
            const objects = await bucket.objects(dayFolder(folder, day), after);
            const all = objects.length === 0 && after !== undefined ? await bucket.objects(dayFolder(folder, day)) : objects;
            if (all.length > 0) return all.sort(newestFirst).slice(0, OBJECTS_OPENED);
          }
        }
        return [];
      }),
    ),
  );
  // The newest of each stream, then the second newest: objects of one stream are more alike than those of several.
  return Array.from({ length: OBJECTS_OPENED }, (_, rank) => found.flatMap((objects) => objects.slice(rank, rank + 1)).sort(newestFirst)).flat();
}

function newestFirst(a: ListedObject, b: ListedObject): number {
  return (stampOf(b.key) ?? b.modifiedAt) - (stampOf(a.key) ?? a.modifiedAt) || (a.key < b.key ? -1 : 1);
}

function delivery([newest]: readonly ListedObject[], effects: CheckEffects): CheckResult {
  const what = 'delivery of log files';
  const fix = 'See whether the trail is logging and may write to its bucket (aws cloudtrail get-trail-status): it delivers about every 5 minutes.';
  if (!newest) return { what, outcome: 'warning', found: 'no object in the last two days', fix };
  const age = effects.now().getTime() - (stampOf(newest.key) ?? newest.modifiedAt);
  const found = `the newest object is ${Math.max(0, Math.round(age / MINUTE_MS))} minutes old`;
  return age <= STALE_MS ? { what, outcome: 'ok', found } : { what, outcome: 'warning', found, fix };
}

function unreadable(error: unknown, config: CloudtrailS3Config): CheckResult {
  const attempt = { action: 's3:GetObject', resource: `arn:aws:s3:::${config.bucket}/*` };
  const final = error instanceof RetriesExhausted ? error.cause : error;
  const isKey = isDenied(final) && hintFor(final, attempt)?.includes('kms:') === true;
  return awsCheckFailure(isKey ? 'kms:Decrypt' : `s3:GetObject on ${config.bucket}`, error, attempt);
}

function versions({ delivered }: ReadObject): CheckResult {
  const what = 'versions of objects';
  const id = delivered.metadata?.['version-id'];
  return id !== undefined && id !== 'null'
    ? { what, outcome: 'ok', found: 'the bucket keeps them' }
    : {
        what,
        outcome: 'warning',
        found: 'the bucket keeps none: a log file that is written over or deleted there is gone',
        fix: 'Turn on versioning (and Object Lock, where you may): aws s3api put-bucket-versioning --versioning-configuration Status=Enabled.',
      };
}

/** A write-only trail drops the records that open sessions, and with them every answer. */
async function readOnlyEvents(opened: readonly ReadObject[]): Promise<CheckResult> {
  const what = 'read-only events';
  let records = 0;
  for (const { delivered } of opened) {
    const parsed = await recordsOf(delivered.bytes);
    records += parsed.length;
    const session = parsed.find(({ eventName }) => typeof eventName === 'string' && eventName.startsWith("AssumeRole"));
    if (session ?? parsed.find(({ readOnly }) => readOnly === true || readOnly === 'true')) {
      return { what, outcome: 'ok', found: session ? 'the newest objects hold AssumeRole records' : 'the newest objects hold some' };
    }
  }
  return {
    what,
    outcome: 'warning',
    found: `none among the ${records} records of the newest ${opened.length} objects: sessions cannot be traced without the AssumeRole records, which are read-only`,
    fix: "Let the trail log read and write management events: aws cloudtrail put-event-selectors with ReadWriteType All.",
  };
}

async function recordsOf(bytes: Buffer): Promise<{ readonly eventName?: unknown; readonly readOnly?: unknown }[]> {
  try {
    const parsed: unknown = JSON.parse((await gunzipWithinAsync(bytes, { maximumBytes: OPENED_BYTES })).toString('utf8'));
    const records = typeof parsed === 'object' && parsed !== null && 'Records' in parsed ? parsed.Records : undefined;
    return Array.isArray(records) ? records.filter((record): record is object => typeof record === 'object' && record !== null) : [];
  } catch {
    // Not a log file: ingest says so with its reason, and here it merely shows no read-only event.
    return [];
  }
}

async function digests(bucket: TrailBucket, config: CloudtrailS3Config, streams: readonly TrailStream[], effects: CheckEffects): Promise<CheckResult> {
  const what = 'digests (log file validation)';
  if (!config.digests) return { what, outcome: 'not_tried', found: 'the source leaves them out (`digests: false`)' };
  const fix = 'Turn on log file validation: aws cloudtrail update-trail --enable-log-file-validation.';
  const [newest] = await newestOf(bucket, streams.filter(({ kind }) => kind === 'CloudTrail-Digest'), effects);
  if (!newest) return { what, outcome: 'warning', found: 'none in the last two days: that nothing was changed or left out cannot be proved', fix };
  const age = effects.now().getTime() - (stampOf(newest.key) ?? newest.modifiedAt);
  const found = `the newest is ${Math.max(0, Math.round(age / MINUTE_MS))} minutes old`;
  if (age > STALE_DIGEST_MS) return { what, outcome: 'warning', found: `${found}, and they come each hour`, fix };
  try {
    const { delivered } = await bucket.read(newest.key);
    return delivered.metadata?.['x-amz-meta-signature'] === undefined
      ? { what, outcome: 'warning', found: `${found}, and has no signature`, fix: "Read the trail's own bucket: a copy made without metadata has lost the signatures." }
      : { what, outcome: 'ok', found: `${found}, and signed` };
  } catch (error) {
    return awsCheckFailure(what, error, { action: 's3:GetObject', resource: `arn:aws:s3:::${config.bucket}/*` });
  }
}
