/**
 * `cloudtrail-s3`: a trail's objects in its bucket, a single account's or an organization's, with the digests over them. Streams
 * are `<account>/<region>` and `digest/<account>/<region>`, found by looking; where it is configured, `keys/<region>` of the keys that sign them.
 */
import pLimit from 'p-limit';
import type { CloudtrailS3Config } from '../../config/sources/cloudtrail-s3.ts';
import { awsFailure } from '../_aws-failure.ts';
import type { AwsGiven } from '../_aws.ts';
import { runStreams } from '../_streams.ts';
import { SourceError, type PullContext, type Source, type Step } from '../source.ts';
import { TrailBucket } from './bucket.ts';
import { checkTrail } from './check.ts';
import { discover } from './discover.ts';
import { streamName } from './layout.ts';
import { pullTrailStream } from './pull-stream.ts';
import { keysStream, pullPublicKeys } from './public-keys.ts';
import { ObjectsUnread } from './unread.ts';

/** So many accounts and regions are listed and read at a time; `parallel` bounds the downloads of all of them. */
const STREAMS_AT_A_TIME = 8;

/**
 * The source of a configuration.
 * @param given credentials and endpoints for tests
 */
export function cloudtrailS3(config: CloudtrailS3Config, given: AwsGiven = {}): Source {
  return {
    id: config.id,
    type: config.type,
    streams: config.accounts.flatMap((accountId) =>
      config.regions.map((region) => ({ stream: streamName('CloudTrail', accountId, region), covers: [{ of: 'cloudtrail', accountId, region }] as const })),
    ),
    pull: (context) => pull(config, given, context),
    check: (context) => checkTrail(config, given, context),
  };
}

async function* pull(config: CloudtrailS3Config, given: AwsGiven, context: PullContext): AsyncGenerator<Step> {
  const bucket = new TrailBucket(config, context, given);
  try {
    const { streams, failures } = await discover(bucket, config, context);
    const limit = pLimit(config.parallel);
    const running = streams.map((trail) => ({ stream: trail.stream, pull: () => pullTrailStream(trail, bucket, limit, config, context) }));
    const regions = config.public_keys ? [...new Set(streams.filter(({ kind }) => kind === 'CloudTrail-Digest').map(({ region }) => region))].sort() : [];
    running.push(...regions.map((region) => ({ stream: keysStream(region), pull: () => pullPublicKeys(region, config, given, context) })));
    try {
      yield* runStreams(running, {
        parallel: STREAMS_AT_A_TIME,
        signal: context.signal,
        failureOf: (stream, error) => {
          if (error instanceof ObjectsUnread) return error.failure;
          const isOfKeys = stream.startsWith('keys/');
          return awsFailure(stream, error, isOfKeys ? { action: 'cloudtrail:ListPublicKeys' } : { action: 's3:ListBucket', resource: `arn:aws:s3:::${config.bucket}` });
        },
      });
    } catch (error) {
      if (error instanceof SourceError) throw new SourceError([...failures, ...error.failures], error.cause);
      throw error;
    }
    if (failures.length > 0) throw new SourceError(failures);
  } finally {
    bucket.close();
  }
}
