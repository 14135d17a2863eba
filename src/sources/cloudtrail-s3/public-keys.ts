/**
 * The public keys that digests are signed with, from CloudTrail itself: each region signs with keys of its own (ListPublicKeys, CloudTrail
 * API reference). Kept with the digests, they verify them for as long as those are kept, without any network.
 */
import { CloudTrailClient, ListPublicKeysCommand, type ListPublicKeysCommandOutput } from '@aws-sdk/client-cloudtrail';
import type { CloudtrailS3Config } from '../../config/sources/cloudtrail-s3.ts';
import { awsClientConfig, callAws, captureBody, type AwsGiven } from '../_aws.ts';
import type { Delivered, PullContext, Step } from '../source.ts';
import { startOfDay } from './layout.ts';

const DAY_MS = 86_400_000;
/** A list is short; a service that pages on and on is not listing keys. */
const MOST_PAGES = 100;

export function keysStream(region: string): string {
  return `keys/${region}`;
}

/**
 * One step: the keys that signed a region's digests since the cursor, a day earlier, until now. The same list as before is landed once.
 * @throws the SDK's error where it is final; RetriesExhausted; the signal's reason
 */
export async function* pullPublicKeys(region: string, config: CloudtrailS3Config, given: AwsGiven, context: PullContext): AsyncGenerator<Step> {
  const { cursors, backfill } = context;
  const stream = keysStream(region);
  const now = context.now();
  const before = Date.parse(cursors.get(stream) ?? '');
  const since = Number.isNaN(before) ? startOfDay(now.getTime() - config.first_days * DAY_MS) : before;
  const window = backfill ?? { from: new Date(since - DAY_MS), to: now };
  const client = new CloudTrailClient(awsClientConfig({ ...config, region, endpoint: config.cloudtrail_endpoint }, given));
  try {
    const delivered: Delivered[] = [];
    let token: string | undefined;
    for (let page = 0; page < MOST_PAGES; page += 1) {
      let body: (() => Buffer) | undefined;
      const answer: ListPublicKeysCommandOutput = await callAws('ListPublicKeys', client, context, async () => {
        const command = new ListPublicKeysCommand({ StartTime: window.from, EndTime: window.to, ...(token === undefined ? {} : { NextToken: token }) });
        body = captureBody(command);
        return await client.send(command, { abortSignal: context.signal });
      }, { deadlineMs: config.deadline_minutes * 60_000 });
      if (body && (answer.PublicKeyList?.length ?? 0) > 0) {
        delivered.push({ origin: `ListPublicKeys ${region} ${window.from.toISOString()}/${window.to.toISOString()}`, bytes: body() });
      }
      token = answer.NextToken;
      if (token === undefined || token === '') break;
    }
    yield { stream, covers: [], window, delivered, ...(backfill ? {} : { cursor: now.toISOString(), completeThrough: now }) };
  } finally {
    client.destroy();
  }
}
