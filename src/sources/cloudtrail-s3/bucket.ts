/**
 * The bucket: folders and objects listed, one object read, each call under the outer retry policy.
 */
import { GetObjectCommand, ListObjectsV2Command, S3Client, type ListObjectsV2Output } from '@aws-sdk/client-s3';
import type { CloudtrailS3Config } from '../../config/sources/cloudtrail-s3.ts';
import { awsClientConfig, callAws, captureBody, DamagedAnswer, type AwsGiven } from '../_aws.ts';
import { RetriesExhausted, type RetryPolicy } from '../_retry.ts';
import type { Delivered, SourceEffects } from '../source.ts';
import { byKey, type ListedObject } from './seen.ts';

type Effects = SourceEffects & { readonly signal: AbortSignal };

/** Larger objects are no trail's: CloudTrail closes a file long before. Nothing is read of them. */
const LARGEST_OBJECT_BYTES = 256 * 1024 * 1024;
/** An object that comes damaged so often is damaged where it lies. */
const DAMAGED_ATTEMPTS = 3;
/** A call that follows one which was given up on is given up on sooner: hundreds of streams must not wait for the full deadline each. */
const DEADLINE_IN_AN_OUTAGE_MS = 60_000;

/** Answers are dated in whole seconds, and take a while to come: clocks that differ by less agree. */
const CLOCK_GRAIN_MS = 5_000;

/** An object that can't be read, whoever asks: the stream goes on without it and names it. */
export class UnreadableObject extends Error {
  override readonly name = 'UnreadableObject';
}

/** What S3 says of an object that it handed over, beside what is kept with it. */
export interface ReadObject {
  readonly delivered: Delivered;
  /** `aws:kms` where reading took the permission to decrypt. */
  readonly encryption: string | undefined;
}

export class TrailBucket {
  readonly name: string;
  readonly #client: S3Client;
  readonly #effects: Effects;
  readonly #policy: RetryPolicy;
  #isOutage = false;

  constructor(config: CloudtrailS3Config, effects: Effects, given: AwsGiven = {}, policy: RetryPolicy = { deadlineMs: config.deadline_minutes * 60_000 }) {
    this.name = config.bucket;
    this.#effects = effects;
    this.#policy = policy;
    this.#client = new S3Client({
      ...awsClientConfig({ ...config, region: config.bucket_region }, given),
      // A stand-in has no host name for each bucket; and a bucket with dots in its name fits no wildcard certificate.
      forcePathStyle: config.endpoint !== undefined || config.bucket.includes('.'),
      followRegionRedirects: false,
    });
  }

  /** Ends calls. */
  get signal(): AbortSignal {
    return this.#effects.signal;
  }

  /** Ends open connections. */
  close(): void {
    this.#client.destroy();
  }

  /** How far S3's clock is ahead of this machine's, as the last answers showed; ms, 0 before there is one or where they agree. */
  get clockAheadMs(): number {
    const offset = this.#client.config.systemClockOffset;
    return Math.abs(offset) < CLOCK_GRAIN_MS ? 0 : offset;
  }

  /** This machine's time, or S3's where that is earlier: what was listed then is not taken for more than it is. */
  time(): number {
    return this.#effects.now().getTime() + Math.min(0, this.clockAheadMs);
  }

  /** The folders directly below `folder` (which ends in a slash, as they do), sorted. */
  async folders(folder: string): Promise<string[]> {
    const found: string[] = [];
    for await (const { CommonPrefixes } of this.#pages(folder, undefined, '/')) {
      for (const { Prefix } of CommonPrefixes ?? []) if (Prefix !== undefined) found.push(decoded(Prefix));
    }
    return found.sort();
  }

  /** The objects below `folder` whose keys sort after `after`, sorted by key; without the empty ones that stand for folders. */
  async objects(folder: string, after?: string): Promise<ListedObject[]> {
    const found: ListedObject[] = [];
    for await (const { Contents } of this.#pages(folder, after)) {
      for (const { Key, ETag, Size, LastModified } of Contents ?? []) {
        if (Key === undefined || Size === 0) continue;
        found.push({ key: decoded(Key), etag: unquoted(ETag), bytes: Size ?? 0, modifiedAt: LastModified?.getTime() ?? 0 });
      }
    }
    return found.sort(byKey);
  }

  /**
   * Reads an object: its bytes as they are stored, gzip kept, checked against S3's checksum where it has one.
   * @throws UnreadableObject; the SDK's error where it is final; RetriesExhausted; the signal's reason
   */
  async read(key: string, signal = this.#effects.signal): Promise<ReadObject> {
    let damaged = 0;
    return await this.#call('GetObject', async () => {
      const command = new GetObjectCommand({ Bucket: this.name, Key: key, ChecksumMode: 'ENABLED' });
      const captured = captureBody(command, {
        bytes: LARGEST_OBJECT_BYTES,
        refuse: (size) => new UnreadableObject(`${size} bytes: no trail writes objects of more than ${LARGEST_OBJECT_BYTES}`),
      });
      const answer = await this.#client.send(command, { abortSignal: signal });
      const { Body, ETag, VersionId, LastModified, Metadata, ServerSideEncryption } = answer;
      if (!Body) throw new DamagedAnswer('an object without a body');
      const bytes = captured();
      try {
        // All of it is here; reading it makes the SDK compare its checksum.
        await Body.transformToByteArray();
      } catch (error) {
        damaged += 1;
        if (damaged >= DAMAGED_ATTEMPTS) throw new UnreadableObject(`it came damaged ${damaged} times (checksum or length)`, { cause: error });
        throw new DamagedAnswer('checksum or length is wrong', { cause: error });
      }
      return {
        delivered: { origin: `s3://${this.name}/${key}`, bytes, metadata: metadata({ ETag, VersionId, LastModified, Metadata }) },
        encryption: ServerSideEncryption,
      };
    }, signal);
  }

  async *#pages(folder: string, after?: string, delimiter?: string): AsyncGenerator<ListedPage> {
    let from: { StartAfter?: string; ContinuationToken?: string } = after === undefined ? {} : { StartAfter: after };
    for (;;) {
      const page: ListedPage = await this.#call(
        'ListObjectsV2',
        async () =>
          await this.#client.send(
            // Keys are anybody's text: as they are, some could not stand in XML.
            new ListObjectsV2Command({ Bucket: this.name, Prefix: folder, EncodingType: 'url', ...(delimiter === undefined ? {} : { Delimiter: delimiter }), ...from }),
            { abortSignal: this.#effects.signal },
          ),
      );
      yield page;
      if (page.IsTruncated !== true) return;
      const last = lastOf(page);
      // By key, not by token: a key stays good however long a page is retried. Only a page without keys leaves no choice.
      if (last !== undefined) from = { StartAfter: last };
      else if (page.NextContinuationToken !== undefined) from = { ContinuationToken: page.NextContinuationToken };
      else throw new Error('S3 says that a listing goes on, and not where');
    }
  }

  async #call<Result>(operation: string, work: () => Promise<Result>, signal = this.#effects.signal): Promise<Result> {
    const { deadlineMs = Infinity } = this.#policy;
    const policy = this.#isOutage ? { ...this.#policy, deadlineMs: Math.min(deadlineMs, DEADLINE_IN_AN_OUTAGE_MS) } : this.#policy;
    try {
      const result = await callAws(operation, this.#client, { ...this.#effects, signal }, work, policy);
      this.#isOutage = false;
      return result;
    } catch (error) {
      if (error instanceof RetriesExhausted) this.#isOutage = true;
      throw error;
    }
  }
}

type ListedPage = Pick<ListObjectsV2Output, 'Contents' | 'CommonPrefixes' | 'IsTruncated' | 'NextContinuationToken'>;

/** Where the next page begins: after the last key, or after all that lies in the last folder. */
function lastOf({ Contents, CommonPrefixes }: ListedPage): string | undefined {
  const key = Contents?.at(-1)?.Key;
  const folder = CommonPrefixes?.at(-1)?.Prefix;
  // "0" is the character after "/": all keys in the folder sort before it.
  const ends = [...(key === undefined ? [] : [decoded(key)]), ...(folder === undefined ? [] : [`${decoded(folder).slice(0, -1)}0`])];
  return ends.sort().at(-1);
}

/** S3's URL encoding of keys: a space is a plus. */
function decoded(key: string): string {
  return decodeURIComponent(key.replaceAll('+', ' '));
}

function unquoted(etag: string | undefined): string {
  return (etag ?? '').replace(/^"|"$/g, '');
}

function metadata(from: { ETag: string | undefined; VersionId: string | undefined; LastModified: Date | undefined; Metadata: Record<string, string> | undefined }): Record<string, string> {
  return {
    etag: unquoted(from.ETag),
    ...(from.VersionId === undefined ? {} : { 'version-id': from.VersionId }),
    ...(from.LastModified === undefined ? {} : { 'last-modified': from.LastModified.toISOString() }),
    ...Object.fromEntries(Object.entries(from.Metadata ?? {}).map(([name, value]) => [`x-amz-meta-${name.toLowerCase()}`, value])),
  };
}
