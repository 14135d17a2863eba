/**
 * `cloudwatch-logs`: log groups that hold CloudTrail records, ECS events or application logs, through FilterLogEvents.
 *
 * The service filters by event time alone, never by ingestion time: what is ingested late lies behind the cursor, and only the
 * overlap finds it (aws.md §4.2).
 */
import { CloudWatchLogsClient } from '@aws-sdk/client-cloudwatch-logs';
import type { CloudwatchLogsConfig } from '../../config/sources/cloudwatch-logs.ts';
import { awsFailure } from '../_aws-failure.ts';
import { awsClientConfig, type AwsGiven } from '../_aws.ts';
import { runStreams, type RunningStream } from '../_streams.ts';
import { pullTimeStream } from '../_time-stream.ts';
import type { Coverage, PullContext, Source, Step } from '../source.ts';
import { checkLogs } from './check.ts';
import { accountOf, filterOf, type LogGroup } from './group.ts';
import { filterPages } from './filter-pages.ts';

/** Groups at a time: FilterLogEvents' rate is the account's and region's, so more would only be throttled. */
const PARALLEL = 2;

/**
 * The source of a configuration. Streams are log groups, by name.
 * @param given credentials and endpoints for tests
 */
export function cloudwatchLogs(config: CloudwatchLogsConfig, given: AwsGiven = {}): Source {
  const streams = config.groups.map((group) => ({ stream: group.name, covers: coverage(config, group) }));
  return {
    id: config.id,
    type: config.type,
    streams,
    pull: (context) => pull(config, given, context),
    check: (context) => checkLogs(config, given, context),
  };
}

/**
 * A trail may send other regions' and accounts' records to its group too, but nothing says so: only the group's own count as
 * covered. Application logs complete nothing.
 */
function coverage(config: CloudwatchLogsConfig, group: LogGroup): Coverage[] {
  if (group.holds === 'application') return [];
  const accountId = accountOf(config);
  return [{ of: group.holds, region: config.region, ...(accountId === undefined ? {} : { accountId }) }];
}

async function* pull(config: CloudwatchLogsConfig, given: AwsGiven, context: PullContext): AsyncGenerator<Step> {
  const client = new CloudWatchLogsClient(awsClientConfig(config, given));
  const policy = { deadlineMs: config.deadline_minutes * 60_000 };
  const running = config.groups.map((group): RunningStream => ({
    stream: group.name,
    pull: () =>
      pullTimeStream(
        {
          stream: group.name,
          covers: coverage(config, group),
          windowMinutes: config.window_minutes,
          overlapMinutes: config.overlap_minutes,
          firstDays: config.first_days,
          pages: (window) => filterPages({ client, group, region: config.region, accountId: accountOf(config), filter: filterOf(group), window, policy }, context),
        },
        context,
      ),
  }));
  try {
    yield* runStreams(running, {
      parallel: PARALLEL,
      signal: context.signal,
      failureOf: (stream, error) =>
        awsFailure(stream, error, { action: 'logs:FilterLogEvents', resource: `arn:aws:logs:${config.region}:${accountOf(config) ?? '*'}:log-group:${stream}:*` }),
    });
  } finally {
    client.destroy();
  }
}
