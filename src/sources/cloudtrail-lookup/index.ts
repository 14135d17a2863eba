/**
 * `cloudtrail-lookup`: management events of the last 90 days through LookupEvents, for accounts that have no trail to read, and
 * for what a trail hasn't delivered yet. Slow: 100 events a second per account and region.
 */
import { CloudTrailClient } from '@aws-sdk/client-cloudtrail';
import type { CloudtrailLookupConfig } from '../../config/sources/cloudtrail-lookup.ts';
import { awsClientConfig, type AwsGiven } from '../_aws.ts';
import { LOOKUPS_PER_SECOND, LOOKUP_DAYS, lookupFailure, lookupPages, lookupStream } from '../_lookup-events.ts';
import { Pace } from '../_pace.ts';
import { runStreams, type RunningStream } from '../_streams.ts';
import { pullTimeStream } from '../_time-stream.ts';
import type { Coverage, PullContext, Source, Step } from '../source.ts';
import { checkLookup } from './check.ts';

/** So many accounts and regions are asked at a time: each has a pace of its own. */
const PARALLEL = 8;

/**
 * The source of a configuration. Streams are `<account>/<region>`.
 * @param given credentials and endpoints for tests
 */
export function cloudtrailLookup(config: CloudtrailLookupConfig, given: AwsGiven = {}): Source {
  const streams = config.accounts.flatMap((account) =>
    config.regions.map((region) => {
      const covers: Coverage[] = [{ of: 'cloudtrail', accountId: account.account_id, region }];
      return { stream: lookupStream(account.account_id, region), covers, account, region };
    }),
  );
  return {
    id: config.id,
    type: config.type,
    streams: streams.map(({ stream, covers }) => ({ stream, covers })),
    pull: (context) => pull(config, streams, given, context),
    check: (context) => checkLookup(config, given, context),
  };
}

interface LookupStream {
  readonly stream: string;
  readonly covers: readonly Coverage[];
  readonly account: CloudtrailLookupConfig['accounts'][number];
  readonly region: string;
}

function pull(config: CloudtrailLookupConfig, streams: readonly LookupStream[], given: AwsGiven, context: PullContext): AsyncGenerator<Step> {
  const running = streams.map((one): RunningStream => ({ stream: one.stream, pull: () => pullStream(config, one, given, context) }));
  return runStreams(running, {
    parallel: PARALLEL,
    signal: context.signal,
    failureOf: lookupFailure,
  });
}

async function* pullStream(config: CloudtrailLookupConfig, { stream, covers, account, region }: LookupStream, given: AwsGiven, context: PullContext): AsyncGenerator<Step> {
  const client = new CloudTrailClient(awsClientConfig({ ...account, region, endpoint: config.endpoint }, given));
  const lookup = { client, pace: new Pace(LOOKUPS_PER_SECOND), accountId: account.account_id, region, policy: { deadlineMs: config.deadline_minutes * 60_000 } };
  try {
    yield* pullTimeStream(
      {
        stream,
        covers,
        windowMinutes: config.window_minutes,
        overlapMinutes: config.overlap_minutes,
        firstDays: config.first_days,
        keptDays: LOOKUP_DAYS,
        pages: (window) => lookupPages({ ...lookup, window }, context),
      },
      context,
    );
  } finally {
    client.destroy();
  }
}
